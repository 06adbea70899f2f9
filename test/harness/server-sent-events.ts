/** One event of an event stream, as a client has it when the empty line has come. */
export interface ServerSentEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** The events that stand whole in `text`, in order; their data is JSON. Comments are left out. */
export function parseEvents(text: string): ServerSentEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
        fields.set(name, value);
      }
      return fields;
    })
    .flatMap((fields) => {
      const data = fields.get('data');
      if (data === undefined) return [];
      return [{ event: fields.get('event') ?? '', id: fields.get('id'), data: JSON.parse(data) }];
    });
}

/** The text that the chunks of a stream make. */
export function textOf(stream: string): string {
  return parseEvents(stream)
    .filter(({ event }) => event === 'chunk')
    .map(({ data }) => (data as { text: string }).text)
    .join('');
}

/** The id of the newest event, which a client that comes back sends as Last-Event-ID. */
export function lastId(stream: string): string {
  return parseEvents(stream).findLast(({ id }) => id !== undefined)?.id ?? '';
}

/** The names of a stream's events, each row of chunks as one. */
export function namesOf(stream: string): string[] {
  const names = parseEvents(stream).map(({ event }) => event);
  return names.filter((name, i) => name !== 'chunk' || names[i - 1] !== 'chunk');
}
