// Which lines of src/ have run: in the tests' own processes, as vitest tells, and in the engines and
// commands that they started, as Node tells of the bundles.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mergeProcessCovs } from '@bcoe/v8-coverage';
import MCR from 'monocart-coverage-reports';
import { checkout, inCheckout } from './command.mjs';

/** @typedef {Map<string, Map<number, boolean>>} Lines by file in the checkout: whether a line ran */

/** Dumps that are read before they are made one. */
const batch = 25;

/**
 * @param {string} report vitest's, in the format of Istanbul @param {readonly string[]} dumps
 * folders that Node wrote to @param {string} work a folder to work in
 * @returns {Promise<Lines>} the lines of all files of src/
 */
export async function readTsLines(report, dumps, work) {
  const lines = readIstanbul(report);
  for (const bundle of ['engine.js', 'muse.js']) {
    for (const [name, ran] of await readBundle(bundle, dumps, work)) {
      const known = lines.get(name);
      // Files that hold nothing but types are not in vitest's report.
      if (known === undefined) continue;
      for (const [line, did] of ran) if (did && known.has(line)) known.set(line, true);
    }
  }
  return lines;
}

/** What ran of a bundle, as lines of the sources that it was made of. @returns {Promise<Lines>} */
async function readBundle(bundle, dumps, work) {
  const path = inCheckout('dist', bundle);
  const source = readFileSync(path, 'utf8');
  const sourceMap = JSON.parse(readFileSync(`${path}.map`, 'utf8'));
  const functions = mergeDumps(bundle, dumps, ownSections(source));
  if (functions === undefined) return new Map();
  const outputDir = `${work}/${bundle}`;
  const report = new MCR({
    ...{ outputDir, reports: ['json'], logging: 'error' },
    sourceFilter: (name) => name.startsWith('src/'),
  });
  await report.add([
    { url: pathToFileURL(path).href, scriptId: '0', source, sourceMap, functions },
  ]);
  await report.generate();
  return readIstanbul(`${outputDir}/coverage-final.json`);
}

/** Where our own code lies in a bundle: esbuild writes the name of each file above its part. */
function ownSections(source) {
  const marks = [...source.matchAll(/^\/\/ (\S+\.\w+)$/gm)];
  return marks
    .map((mark, at) => ({ name: mark[1], from: mark.index, to: marks[at + 1]?.index ?? Infinity }))
    .filter(({ name }) => name.startsWith('src/'));
}

/** The functions of a bundle with what of them ran in any process; undefined: in none. */
function mergeDumps(bundle, dumps, sections) {
  const isOwn = ({ ranges: [{ startOffset: at }] }) =>
    at === 0 || sections.some(({ from, to }) => at >= from && at < to);
  const url = `file:///${bundle}`;
  let all;
  let waiting = [];
  const merge = () => {
    all = mergeProcessCovs(all === undefined ? waiting : [all, ...waiting]);
    waiting = [];
  };
  for (const dump of dumps.filter(existsSync).flatMap((folder) => listFiles(folder))) {
    const { result } = JSON.parse(readFileSync(dump, 'utf8'));
    for (const script of result) {
      if (!script.url.endsWith(`/${bundle}`)) continue;
      // The engine is run from where httpd's User can read it; it is the same wherever it lies.
      waiting.push({ result: [{ ...script, url, functions: script.functions.filter(isOwn) }] });
    }
    if (waiting.length >= batch) merge();
  }
  if (waiting.length > 0) merge();
  return all?.result[0]?.functions;
}

function listFiles(folder) {
  return readdirSync(folder)
    .filter((name) => name.startsWith('coverage-'))
    .map((name) => `${folder}/${name}`);
}

/** A line ran when a statement that begins there did. @returns {Lines} */
function readIstanbul(path) {
  const files = Object.entries(JSON.parse(readFileSync(path, 'utf8')));
  return new Map(
    files.map(([name, { statementMap, s }]) => {
      const lines = new Map();
      for (const [id, { start }] of Object.entries(statementMap)) {
        lines.set(start.line, (lines.get(start.line) ?? false) || s[id] > 0);
      }
      return [name.startsWith('/') ? relative(checkout, name) : name, lines];
    }),
  );
}
