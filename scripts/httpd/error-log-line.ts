/** httpd's levels, the gravest first. */
export const levels = [
  'emerg',
  'alert',
  'crit',
  'error',
  'warn',
  'notice',
  'info',
  'debug',
  'trace',
] as const;

export type Level = (typeof levels)[number];

/** One line of httpd's error log, in its default format. */
export interface ErrorLogLine {
  readonly level: Level;
  readonly module: string;
  readonly pid: number;
  readonly client: string | undefined;
  /** The message without what httpd puts before it. */
  readonly text: string;
  /** The number of one of our events (`MUSE0012` is 12), or undefined. */
  readonly muse: number | undefined;
  readonly whole: string;
}

const pattern =
  /^\[[^\]]+\] \[(?<module>[\w-]*):(?<level>[a-z]+)\d?\] \[pid (?<pid>\d+)(?::tid \d+)?\] (?:(?!AH|MUSE)\S+ )*?(?:\[(?:client|remote) (?<client>[^\]]+)\] )?(?<text>.*)$/;

/**
 * Takes a line apart. One that httpd did not format (what a process writes to stderr, a crash) is
 * an error: nothing should write there.
 */
export function parseErrorLogLine(whole: string): ErrorLogLine {
  const groups = pattern.exec(whole)?.groups;
  const muse = /\bMUSE(\d{4}):/.exec(whole)?.[1];
  return {
    level: levels.find((level) => level === groups?.level) ?? 'error',
    module: groups?.module ?? '',
    pid: Number(groups?.pid ?? 0),
    client: groups?.client,
    text: groups?.text ?? whole,
    muse: muse === undefined ? undefined : Number(muse),
    whole,
  };
}

/** True when `level` is at least as grave as `than`. */
export function isAtLeast(level: Level, than: Level): boolean {
  return levels.indexOf(level) <= levels.indexOf(than);
}
