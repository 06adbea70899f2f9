import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { findInstallation } from '../../scripts/httpd/installation.ts';
import { makePublicFolder } from '../../scripts/httpd/public-folder.ts';
import { findMarked } from '../harness/processes.ts';
import { waitUntil } from '../harness/wait-until.ts';

/** The server that `npm start` runs, on a free port and with a run folder of its own. */
export async function startDemo(env: Record<string, string> = {}) {
  const folder = makePublicFolder('muse-start-', findInstallation().runAs);
  const child = spawn(process.execPath, ['scripts/serve/main.ts'], {
    env: {
      PATH: process.env.PATH,
      MUSE_AI_TEST_ROOT: folder,
      MUSE_RUN_DIR: folder,
      PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await waitUntil('the demo to end', () => findMarked('MUSE_AI_TEST_ROOT', folder).length === 0);
    rmSync(folder, { recursive: true });
  });
  const exited = once(child, 'close');
  const url = () => /The demo site is at (\S+)\//.exec(output.text)?.[1];
  return { child, folder, output, exited, url };
}

function collect(child: ChildProcess): { text: string } {
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output.text += text;
    });
  }
  return output;
}
