import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { hashFile, manifestPath, readManifest, writeableManifest } from './manifest.ts';
import type { Places } from './places.ts';
import type { System } from './system.ts';
import type { Target } from './targets.ts';

/** Puts everything there and enables the module. Returns what a person should know. */
export function install(system: System, targets: readonly Target[], places: Places): string[] {
  const notes: string[] = [];
  const path = manifestPath(places.library);
  const before = readManifest(system.at(path));
  const manifest = new Map(before);
  for (const target of targets) {
    const place = system.at(target.path);
    if (isToKeep(target, hashFile(place), before.get(target.path))) {
      notes.push(`${place} is kept as it is.`);
      continue;
    }
    system.put(target);
    const hash = hashFile(place);
    if (hash !== undefined) manifest.set(target.path, hash);
  }
  const text = writeableManifest(manifest);
  system.put({ path, mode: 0o644, source: { text }, kind: 'program' });
  if (!system.run('a2enmod', '--quiet', 'muse_ai')) throw new Error('a2enmod muse_ai failed.');
  if (!system.run('apache2ctl', 'configtest')) {
    system.run('a2dismod', '--quiet', 'muse_ai');
    throw new Error(
      'httpd does not accept its configuration with mod_muse_ai (see above), so the module is ' +
        'disabled again. The running httpd was not touched.',
    );
  }
  return notes;
}

function isToKeep(target: Target, present: string | undefined, ours: string | undefined): boolean {
  if (present === undefined || target.kind === 'program') return false;
  return target.kind === 'example' || present !== ours;
}

/** Takes away exactly what an installation put there. Returns what a person should know. */
export function uninstall(system: System, places: Places): string[] {
  const path = manifestPath(places.library);
  const manifest = readManifest(system.at(path));
  if (manifest.size === 0) {
    return [`Nothing to do: there is no ${system.at(path)}, so nothing was installed from here.`];
  }
  const notes: string[] = [];
  if (!system.run('a2dismod', '--quiet', '--force', 'muse_ai')) {
    throw new Error('a2dismod muse_ai failed; nothing was removed.');
  }
  for (const [file, hash] of manifest) {
    const present = hashFile(system.at(file));
    if (present === undefined) continue;
    if (present === hash) system.remove(file);
    else notes.push(`${system.at(file)} was edited since, and stays.`);
  }
  system.remove(path);
  for (const folder of new Set([places.library, ...[...manifest.keys()].map(dirname)])) {
    if (/muse_ai$/.test(folder)) system.removeEmptyFolder(folder);
  }
  if (!system.run('apache2ctl', 'configtest')) {
    notes.push('httpd does not accept its configuration now (see above): correct it first.');
  }
  return notes;
}

/** What is missing on a machine without a site of its own; undefined when all is there. */
export function whyNotInstallable(etc: string): string | undefined {
  if (existsSync(`${etc}/apache2.conf`) && existsSync('/usr/sbin/a2enmod')) return undefined;
  return (
    'There is no site to install into: the package apache2 is not on this machine (apache2-bin ' +
    'alone has no configuration). Install it with "apt-get install apache2", and start again. ' +
    'To try mod_muse_ai without it, run "npm start".'
  );
}
