import { execFileSync, spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { findInstallation } from '../../scripts/httpd/installation.ts';
import { findNginx } from '../peers/nginx.ts';

/** Where and with what was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly kernel: string;
  readonly httpd: string;
  readonly node: string;
  readonly wrk: string;
  /** Undefined where there is none. */
  readonly nginx?: string;
  /** Processes that wanted to run in the minute before: more than 0 is noise. */
  readonly loadBefore: string;
}

export function describeMachine(): Machine {
  const version = execFileSync(findInstallation().httpd, ['-v'], { encoding: 'utf8' });
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    kernel: `${type()} ${release()}`,
    httpd: /^Server version: (.*)$/m.exec(version)?.[1] ?? 'unknown',
    node: process.version,
    wrk: wrkVersion(),
    ...nginxVersion(),
    loadBefore: loadavg()[0]?.toFixed(2) ?? '',
  };
}

/** wrk prints its version together with its usage, and ends with 1. */
function wrkVersion(): string {
  try {
    return firstLine(execFileSync('wrk', ['-v'], { encoding: 'utf8', stdio: 'pipe' }));
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && String(error.stdout) !== '') {
      return firstLine(String(error.stdout));
    }
    throw new Error('wrk does not run: install the package wrk', { cause: error });
  }
}

/** nginx tells its version on stderr; only one suite needs it. */
function nginxVersion(): { nginx?: string } {
  try {
    const { stderr } = spawnSync(findNginx(), ['-v'], { encoding: 'utf8' });
    return { nginx: /nginx\/(\S+)/.exec(stderr)?.[1] ?? 'unknown' };
  } catch {
    // The suite that needs it says so by itself.
    return {};
  }
}

function firstLine(text: string): string {
  return /^wrk (.*?) (?:\[|Copyright)/.exec(text)?.[1] ?? text.split('\n', 1)[0] ?? '';
}
