import { execFile } from 'node:child_process';

/** What `httpd -t` says of a configuration. */
export interface Verdict {
  readonly ok: boolean;
  readonly said: string;
}

/** Runs `httpd -t` on a configuration file, `command` being httpd with what runs it. */
export function checkConfiguration(
  command: readonly string[],
  config: string,
  variables: Readonly<Record<string, string>>,
): Promise<Verdict> {
  const [program = '', ...args] = [...command, '-t', '-f', config];
  const env = { ...process.env, ...variables };
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: '/', env }, (error, stdout, stderr) => {
      // A number is an exit status; anything else means that httpd could not be run.
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ ok: error === null, said: (stdout + stderr).trim() });
    });
  });
}
