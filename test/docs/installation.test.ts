import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { findInstallation } from '../../scripts/httpd/installation.ts';
import { usualPlaces } from '../../scripts/install/places.ts';
import { listTargets } from '../../scripts/install/targets.ts';
import { Document, tableRows } from './document.ts';

const rows = tableRows(new Document('HOWTO.md').section('Install it').text);
const places = { ...usualPlaces, modules: '/usr/lib/apache2/modules' };
const targets = listTargets(findInstallation(), places).map(({ path }) => path);

/** The paths in a row's first cell; a name alone lies in the folder of the path before it. */
function pathsIn(cell: string): string[] {
  let folder = '';
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => {
    const path = name.startsWith('/') ? name : `${folder}/${name}`;
    folder = dirname(path);
    return path;
  });
}

test('the HOWTO names every place where an installation puts files, and no other', () => {
  const documented = rows.flatMap(([cell = '']) => pathsIn(cell));
  const covers = (path: string, target: string): boolean =>
    path.endsWith('/') ? target.startsWith(path) : target === path;
  expect(targets.filter((target) => !documented.some((path) => covers(path, target)))).toEqual([]);
  expect(documented.filter((path) => !targets.some((target) => covers(path, target)))).toEqual([]);
});
