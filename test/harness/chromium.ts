/** A real browser: what a page does in it, and what it looks like. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Of the page's own time, which passes as fast as it can. */
const VIRTUAL_MS = 4_000;
const LIMIT_MS = 60_000;

/** The document at `url` as it stands when nothing more happens in it. */
export async function documentIn(url: string): Promise<string> {
  return browse('--dump-dom', url);
}

async function browse(...args: readonly string[]): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'muse-chromium-'));
  try {
    const { stdout } = await run(
      'chromium',
      [
        ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
        ...['--no-first-run', '--disable-extensions', '--disable-background-networking'],
        `--user-data-dir=${profile}`,
        `--virtual-time-budget=${VIRTUAL_MS}`,
        ...args,
      ],
      { timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 64 * 1_048_576 },
    );
    return stdout;
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
