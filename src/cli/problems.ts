/** What `muse check` finds wrong. */

/** One thing, with its place in a file. */
export interface Problem {
  readonly file: string;
  /** From 1; undefined: the whole file. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** `models[2].ttl`, or undefined. */
  readonly field: string | undefined;
  /** A warning leaves the exit status as it is. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/**
 * `message` of an error, which begins with its place where that is known: `FILE:3:1: …`. It may be
 * in another file, which the page includes.
 */
export function problemIn(file: string, message: string): Problem {
  const other = /^(\/[^:]+):\d+/.exec(message)?.[1];
  const where = other !== undefined && !message.startsWith(file) ? other : file;
  const rest = message.startsWith(where) ? message.slice(where.length) : `: ${message}`;
  const found = /^(?::(\d+))?(?::(\d+))?: (.*)$/s.exec(rest);
  return {
    file: where,
    line: numberIn(found?.[1]),
    column: numberIn(found?.[2]),
    field: undefined,
    severity: 'error',
    message: found?.[3] ?? message,
  };
}

export function placeOf({ file, line, column }: Problem): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
