import { join } from 'node:path';
import type { Installation } from '../httpd/installation.ts';
import { exampleModels, launcher, loadFile, moduleConfig } from './defaults.ts';
import type { Places } from './places.ts';

/** One file of the installation. */
export interface Target {
  readonly path: string;
  readonly mode: number;
  readonly source: { readonly file: string } | { readonly text: string };
  /**
   * `program`: ours, replaced by each installation. `settings`: replaced only while nobody has
   * edited it. `example`: written once and never touched again by an installation.
   */
  readonly kind: 'program' | 'settings' | 'example';
  /** The group that may read it besides root, where not everybody may. */
  readonly group?: string;
}

/** All files of an installation in the order in which they are put there. */
export function listTargets(installation: Installation, places: Places): Target[] {
  const { checkout, module, node, engine, command, addon } = installation;
  const { library, etc } = places;
  const program = (path: string, file: string, mode = 0o644): Target => ({
    path,
    mode,
    source: { file },
    kind: 'program',
  });
  const settings = (name: string, text: string): Target => ({
    path: join(etc, 'mods-available', name),
    mode: 0o644,
    source: { text },
    kind: 'settings',
  });
  return [
    program(join(library, 'node'), node, 0o755),
    program(join(library, 'muse_region.node'), addon),
    program(join(library, 'engine.js'), engine),
    program(join(library, 'engine.js.LEGAL.txt'), `${engine}.LEGAL.txt`),
    program(join(library, 'muse.js'), command),
    program(join(library, 'muse.js.LEGAL.txt'), `${command}.LEGAL.txt`),
    {
      path: join(places.bin, 'muse'),
      mode: 0o755,
      source: { text: launcher(places) },
      kind: 'program',
    },
    program(join(library, 'models.schema.json'), join(checkout, 'models.schema.json')),
    program(
      join(library, 'apache2-muse_ai.conf'),
      join(checkout, 'packaging', 'systemd', 'apache2-muse_ai.conf'),
    ),
    program(join(library, 'LICENSE'), join(checkout, 'LICENSE')),
    program(join(places.modules, 'mod_muse_ai.so'), module),
    {
      path: join(etc, 'muse_ai', 'models.json'),
      mode: 0o640,
      source: { text: exampleModels(places) },
      kind: 'example',
      group: 'www-data',
    },
    settings('muse_ai.load', loadFile(places)),
    settings('muse_ai.conf', moduleConfig(places)),
  ];
}
