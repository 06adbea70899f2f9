/**
 * Turns each list of samples into one list for every field, which is shorter to write down. All
 * samples of a list have the same fields.
 */
export function toColumns<Sample extends object>(
  samples: ReadonlyMap<string, readonly Sample[]>,
): Record<string, Record<string, readonly unknown[]>> {
  return Object.fromEntries([...samples].map(([name, list]) => [name, columnsOf(list)]));
}

function columnsOf(list: readonly object[]): Record<string, readonly unknown[]> {
  const columns: Record<string, unknown[]> = {};
  for (const sample of list) {
    for (const [field, value] of Object.entries(sample)) {
      columns[field] ??= [];
      columns[field].push(value);
    }
  }
  return columns;
}
