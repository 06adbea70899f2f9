import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Installation } from '../../scripts/httpd/installation.ts';
import { install, uninstall } from '../../scripts/install/install.ts';
import { type Places, usualPlaces } from '../../scripts/install/places.ts';
import { System } from '../../scripts/install/system.ts';
import { listTargets } from '../../scripts/install/targets.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

const places: Places = { ...usualPlaces, modules: '/usr/lib/apache2/modules' };

/** An installation into a folder, from files that only look like a build. */
function makeScene(dryRun = false) {
  const root = makeTemporaryFolder();
  const checkout = join(root, 'checkout');
  const make = (name: string) => {
    const path = join(checkout, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `content of ${name}`);
    return path;
  };
  const installation: Installation = {
    checkout,
    httpd: '/usr/sbin/apache2',
    modulesDir: '/usr/lib/apache2/modules',
    mimeTypes: undefined,
    module: make('build/mod_muse_ai.so'),
    node: make('node_modules/node/bin/node'),
    engine: make('dist/engine.js'),
    command: make('dist/muse.js'),
    addon: make('build/muse_region.node'),
    runAs: undefined,
  };
  make('models.schema.json');
  make('dist/engine.js.LEGAL.txt');
  make('dist/muse.js.LEGAL.txt');
  make('LICENSE');
  make('packaging/systemd/apache2-muse_ai.conf');
  const destination = join(root, 'machine');
  const said: string[] = [];
  const system = new System({ destination, dryRun, say: (text) => said.push(text) });
  return {
    said,
    path: (name: string) => join(destination, name),
    read: (name: string) => readFileSync(join(destination, name), 'utf8'),
    install: () => install(system, listTargets(installation, places), places),
    uninstall: () => uninstall(system, places),
  };
}

test('an installation puts the module, the engine and its settings in their places', () => {
  const scene = makeScene();
  scene.install();
  expect(scene.read('/usr/lib/apache2/modules/mod_muse_ai.so')).toContain('mod_muse_ai.so');
  expect(scene.read('/usr/local/lib/mod_muse_ai/engine.js')).toContain('engine.js');
  expect(scene.read('/usr/local/lib/mod_muse_ai/muse_region.node')).toContain('muse_region');
  expect(statSync(scene.path('/usr/local/lib/mod_muse_ai/node')).mode & 0o777).toBe(0o755);
  expect(scene.read('/usr/local/lib/mod_muse_ai/muse.js')).toContain('muse.js');
  expect(scene.read('/usr/local/bin/muse')).toBe(
    '#!/bin/sh\nexec /usr/local/lib/mod_muse_ai/node /usr/local/lib/mod_muse_ai/muse.js "$@"\n',
  );
  expect(statSync(scene.path('/usr/local/bin/muse')).mode & 0o777).toBe(0o755);
  expect(scene.read('/etc/apache2/mods-available/muse_ai.load')).toBe(
    'LoadModule muse_ai_module /usr/lib/apache2/modules/mod_muse_ai.so\n',
  );
  const config = scene.read('/etc/apache2/mods-available/muse_ai.conf');
  expect(config).toContain('MuseAiRateLimitRPM 60');
  expect(config).toContain('MuseAiModels "/etc/apache2/muse_ai/models.json"');
  expect(JSON.parse(scene.read('/etc/apache2/muse_ai/models.json'))).toHaveProperty(
    'default_model',
    'preview',
  );
  expect(scene.said).toContain('not run, because of DESTDIR: a2enmod --quiet muse_ai');
});

test('an uninstallation takes away exactly what was installed', () => {
  const scene = makeScene();
  mkdirSync(dirname(scene.path('/etc/apache2/muse_ai/prompts/layout.ai')), { recursive: true });
  writeFileSync(scene.path('/etc/apache2/muse_ai/prompts/layout.ai'), 'mine');
  scene.install();
  expect(scene.uninstall()).toEqual([]);
  expect(existsSync(scene.path('/usr/local/lib/mod_muse_ai'))).toBe(false);
  expect(existsSync(scene.path('/usr/local/bin/muse'))).toBe(false);
  expect(existsSync(scene.path('/usr/lib/apache2/modules'))).toBe(true);
  expect(existsSync(scene.path('/usr/lib/apache2/modules/mod_muse_ai.so'))).toBe(false);
  expect(existsSync(scene.path('/etc/apache2/mods-available/muse_ai.conf'))).toBe(false);
  expect(existsSync(scene.path('/etc/apache2/muse_ai/models.json'))).toBe(false);
  expect(scene.read('/etc/apache2/muse_ai/prompts/layout.ai')).toBe('mine');
});

test('edited settings survive the next installation and the uninstallation', () => {
  const scene = makeScene();
  scene.install();
  const config = scene.path('/etc/apache2/mods-available/muse_ai.conf');
  const models = scene.path('/etc/apache2/muse_ai/models.json');
  writeFileSync(config, 'MuseAiCacheTTL 5\n');
  writeFileSync(models, '{"models": []}');
  expect(scene.install()).toEqual([`${models} is kept as it is.`, `${config} is kept as it is.`]);
  expect(scene.uninstall().sort()).toEqual(
    [`${config} was edited since, and stays.`, `${models} was edited since, and stays.`].sort(),
  );
  expect(readFileSync(config, 'utf8')).toBe('MuseAiCacheTTL 5\n');
  expect(readFileSync(models, 'utf8')).toBe('{"models": []}');
});

test('settings that nobody edited are brought up to date', () => {
  const scene = makeScene();
  scene.install();
  expect(scene.install()).toEqual([
    `${scene.path('/etc/apache2/muse_ai/models.json')} is kept as it is.`,
  ]);
});

test('a dry run says what it would do and does nothing', () => {
  const scene = makeScene(true);
  scene.install();
  expect(scene.said).toContain(
    `would write ${scene.path('/usr/lib/apache2/modules/mod_muse_ai.so')}`,
  );
  expect(existsSync(scene.path('/'))).toBe(false);
});

test('where nothing was installed there is nothing to uninstall', () => {
  const scene = makeScene();
  expect(scene.uninstall().join()).toContain('Nothing to do');
});
