/**
 * Measures all subjects in turn, `rounds` times over, and returns each one's values round by
 * round. What slows the machine down for a while then hits all of them; each round begins with
 * another subject, so that none always comes first.
 */
export async function interleave<Subject extends { readonly name: string }, Value>(
  subjects: readonly Subject[],
  rounds: number,
  measure: (subject: Subject, round: number) => Promise<Value>,
): Promise<Map<string, Value[]>> {
  const values = new Map(subjects.map(({ name }) => [name, [] as Value[]]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      values.get(subject.name)?.push(await measure(subject, round));
    }
  }
  return values;
}
