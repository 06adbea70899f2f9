/**
 * The second half of `npm run install:apache` and `npm run uninstall:apache`.
 *
 *     node scripts/install/main.ts install|uninstall [--dry-run]
 *
 * With DESTDIR in the environment all files go below that folder and no command is run.
 */
import { findInstallation } from '../httpd/installation.ts';
import { install, uninstall, whyNotInstallable } from './install.ts';
import { type Places, usualPlaces } from './places.ts';
import { askModulesFolder, System } from './system.ts';
import { listTargets } from './targets.ts';

function main(): void {
  const [action, ...flags] = process.argv.slice(2);
  const destination = process.env.DESTDIR ?? '';
  const dryRun = flags.includes('--dry-run');
  const system = new System({ destination, dryRun, say });
  const places: Places = { ...usualPlaces, modules: askModulesFolder() };
  const problem = destination === '' ? whyNotInstallable(places.etc) : undefined;
  if (problem !== undefined) throw new Error(problem);
  const notes =
    action === 'uninstall'
      ? uninstall(system, places)
      : install(system, listTargets(findInstallation(), places), places);
  for (const note of notes) say(note);
  if (dryRun) say('Nothing was done: this was a dry run.');
  else if (destination === '') say(whatNext(action, places));
}

function whatNext(action: string | undefined, { etc }: Places): string {
  if (action === 'uninstall') {
    return 'Restart httpd to let go of the module: systemctl restart apache2';
  }
  return (
    'Restart httpd to load the module: systemctl restart apache2\n' +
    `Then enable it for a directory; ${etc}/mods-available/muse_ai.conf says how.`
  );
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

// Under a stricter umask, folders that apache2ctl makes on the way would shut httpd's user out.
process.umask(0o022);
try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
