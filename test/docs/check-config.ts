import { spawnSync } from 'node:child_process';
import type { Httpd } from '../harness/index.ts';

/** Everything that snippets use besides the modules that the harness loads anyway. */
const MODULES = ['cache', 'socache_shmcb', 'cache_socache', 'remoteip', 'setenvif'];

export interface ConfigCheck {
  readonly ok: boolean;
  /** What `httpd -t` says. */
  readonly said: string;
}

/** Asks httpd itself, with our module loaded, whether it takes these lines. */
export function checkConfig(httpd: Httpd, lines: readonly string[]): ConfigCheck {
  const { config, environment } = httpd;
  config.modules(...MODULES).muse({ lines });
  const path = config.write({ http: 1, https: 2 });
  const answer = spawnSync(environment.installation.httpd, ['-t', '-f', path], {
    cwd: '/',
    encoding: 'utf8',
  });
  return { ok: answer.status === 0, said: answer.stderr };
}
