import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

test.runIf(process.getuid?.() === 0)('a public folder can be read by the server', () => {
  const { runAs } = findInstallation();
  const folder = makePublicFolder('muse-script-', runAs);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(canRead([folder], runAs)).toBe(true);
});
