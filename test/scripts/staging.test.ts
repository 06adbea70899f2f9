import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { findInstallation, type Installation } from '../../scripts/httpd/installation.ts';
import { canRead, makePublicFolder } from '../../scripts/httpd/public-folder.ts';
import { stageEngine } from '../../scripts/httpd/staging.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** A build below a folder that only its owner may enter, as below /root. */
function makePrivateBuild(): Installation {
  const checkout = makeTemporaryFolder();
  const make = (name: string, content: string, mode: number) => {
    const path = join(checkout, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  return {
    ...findInstallation(),
    checkout,
    node: make('bin/node', '#!/bin/sh\necho "$1"\n', 0o755),
    engine: make('dist/engine.js', '// engine\n', 0o600),
    addon: make('build/muse_region.node', 'addon', 0o644),
  };
}

/** Stages, and tells whether all of it was there for a while, as for an engine that starts. */
const stageInThread = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { existsSync } from 'node:fs';
    import { parentPort, workerData } from 'node:worker_threads';
    const { stageEngine } = await import('${new URL('../../scripts/httpd/staging.ts', import.meta.url)}');
    const { engine } = stageEngine(workerData);
    let isThere = true;
    for (const end = Date.now() + 500; Date.now() < end; ) isThere &&= existsSync(engine);
    parentPort.postMessage(isThere);`)}`,
);

/** Stages, and removes what was staged when the test ends. */
function stage(installation: Installation): Installation {
  const staged = stageEngine(installation);
  onTestFinished(() => rmSync(dirname(dirname(staged.engine)), { recursive: true, force: true }));
  return staged;
}

test('an installation that the server can read is used as it is', () => {
  const installation = { ...makePrivateBuild(), runAs: undefined };
  expect(stageEngine(installation)).toBe(installation);
});

test('an engine that was not built is told with what to do', () => {
  const installation = makePrivateBuild();
  rmSync(installation.engine);
  expect(() => stageEngine(installation)).toThrow(/no .*engine\.js\. Run "npm run build" first/);
});

test.runIf(process.getuid?.() === 0)(
  'an engine in a private folder is put where the server can run it, once for each build',
  () => {
    const installation = makePrivateBuild();
    const { runAs } = installation;
    expect(canRead([installation.engine], runAs)).toBe(false);
    const staged = stage(installation);
    expect(canRead([staged.node, staged.engine, staged.addon], runAs)).toBe(true);
    const become = ['--reuid=www-data', '--regid=www-data', '--clear-groups'];
    const ran = spawnSync('setpriv', [...become, staged.node, 'it runs'], { encoding: 'utf8' });
    expect(ran.stdout).toBe('it runs\n');
    // The private file itself stays private.
    expect(statSync(installation.engine).mode & 0o777).toBe(0o600);
    const again = stage(installation);
    expect(again.engine).toBe(staged.engine);
    writeFileSync(installation.engine, '// a new engine\n');
    const renewed = stage(installation);
    expect(renewed.engine).not.toBe(staged.engine);
    expect(statSync(staged.engine, { throwIfNoEntry: false })).toBeUndefined();
  },
);

test.runIf(process.getuid?.() === 0)(
  'what one process has staged stays there while another stages the same',
  async () => {
    const installation = makePrivateBuild();
    // It takes a while to be put there, as the binary of Node does in another file system.
    writeFileSync(installation.engine, Buffer.alloc(30_000_000));
    const { engine } = stage(installation);
    rmSync(dirname(engine), { recursive: true });
    const others = [1, 2, 3, 4].map(() => new Worker(stageInThread, { workerData: installation }));
    const seen = await Promise.all(others.map((other) => once(other, 'message')));
    expect(seen.flat()).toEqual([true, true, true, true]);
  },
);

test.runIf(process.getuid?.() === 0)('a public folder can be read by the server', () => {
  const { runAs } = findInstallation();
  const folder = makePublicFolder('muse-script-', runAs);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(canRead([folder], runAs)).toBe(true);
});
