import { execFile } from 'node:child_process';
import type { Sanitizer } from './sanitizer.ts';

/** What `httpd -t` says of a configuration. */
export interface Verdict {
  readonly ok: boolean;
  readonly said: string;
}

/** Runs `httpd -t` on a configuration file. */
export function checkConfiguration(
  httpd: string,
  config: string,
  sanitizer?: Sanitizer,
): Promise<Verdict> {
  const [program = httpd, ...args] = [...(sanitizer?.launcher ?? []), httpd, '-t', '-f', config];
  const env = { ...process.env, ...sanitizer?.env };
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: '/', env }, (error, stdout, stderr) => {
      // A number is an exit status; anything else means that httpd could not be run.
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ ok: error === null, said: (stdout + stderr).trim() });
    });
  });
}
