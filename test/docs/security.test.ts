/** What SECURITY.md claims is shown by tests that are there, and names what is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { test } from '../harness/index.ts';
import { makeTemporaryFolder } from '../scripts/temporary-folder.ts';
import { configure, snippet } from './as-documented.ts';
import { checkout, Document, tableRows } from './document.ts';

const security = new Document('SECURITY.md');
const rows = tableRows(security.text);
const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
const isTest = (path: string) => /^(?:test|native\/region\/test)\//.test(path);

describe('SECURITY.md', () => {
  test('has for each of those whom it names what holds them back, and what does not', () => {
    const parties = ['A visitor', "A page's author", 'A provider', 'A neighbour on the host'];
    for (const title of [...parties, 'An engine that was taken over']) {
      const { text } = security.section(title);
      expect([title, tableRows(text).length]).toEqual([title, expect.toSatisfy((n) => n > 2)]);
      expect([title, text.includes('What does not hold back')]).toEqual([title, true]);
    }
  });

  test('names a test for each of its claims, and each test is there', () => {
    expect(rows.length).toBeGreaterThan(30);
    for (const [claim = '', , shown = ''] of rows) {
      const tests = quoted(shown);
      expect([claim, tests.length]).toEqual([claim, expect.toSatisfy((n) => n > 0)]);
      expect(tests.filter((path) => !isTest(path) || !existsSync(join(checkout, path)))).toEqual(
        [],
      );
    }
  });

  test('names every file of tests that attack', () => {
    const named = new Set(rows.flatMap(([, , shown = '']) => quoted(shown)));
    const present = readdirSync(join(checkout, 'test', 'security')).map(
      (name) => `test/security/${name}`,
    );
    expect(present.filter((path) => !named.has(path))).toEqual([]);
  });

  test('names sources that are there', () => {
    const words = rows.flatMap(([, held = '']) => quoted(held));
    const paths = words.flatMap((word) => {
      if (word.startsWith('src/')) return [word];
      if (!/^muse_\w+\.c$/.test(word)) return [];
      const folders = ['apache-module', 'native/region'];
      return [folders.map((folder) => `${folder}/${word}`).find(isThere) ?? `nowhere: ${word}`];
    });
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });
});

function isThere(path: string): boolean {
  return existsSync(join(checkout, path));
}

test('a site that is to send forms is named as documented', async ({ httpd, provider }) => {
  httpd.config.muse({ models: { models: [{ name: 'm', endpoint: provider.url }] } });
  configure(httpd, snippet("Keep other sites' pages from sending forms", 'apache'));
  httpd.site.write('letters/letter.ai', 'A letter to {{ form.name }}.');
  await httpd.start();
  const send = async (origin: string) => {
    const headers = { Origin: origin, 'Content-Type': 'application/x-www-form-urlencoded' };
    const options = { method: 'POST', headers, body: 'name=Ann' };
    return (await httpd.get('/letters/letter', options)).status;
  };
  expect(await send('https://www.example.org')).toBe(200);
  expect(await send('https://www.example.com')).toBe(403);
  httpd.log.expect(100);
});

describe('the drop-in for systemd', () => {
  const path = join(checkout, 'packaging', 'systemd', 'apache2-muse_ai.conf');
  const text = readFileSync(path, 'utf8');
  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

  test('is where the HOWTO takes it from, and lets Node.js make code', () => {
    expect(snippet('Harden the service', 'sh')).toContain('packaging/systemd/apache2-muse_ai.conf');
    expect(text).not.toMatch(/^MemoryDenyWriteExecute/m);
  });

  test.runIf(hasSystemd)('is what systemd understands', () => {
    const folder = makeTemporaryFolder();
    mkdirSync(join(folder, 'apache2.service.d'));
    writeFileSync(join(folder, 'apache2.service'), '[Service]\nExecStart=/bin/true\n');
    const check = () => {
      const { stderr, stdout, status } = spawnSync(
        'systemd-analyze',
        ['verify', '--man=no', join(folder, 'apache2.service')],
        { encoding: 'utf8', env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` } },
      );
      return { said: `${stdout}${stderr}`, status };
    };
    const dropIn = join(folder, 'apache2.service.d', 'muse_ai.conf');
    writeFileSync(dropIn, text);
    expect(check().said).not.toContain('muse_ai.conf');
    // What it did not understand it would say.
    writeFileSync(dropIn, `${text}NoSuchSetting=yes\n`);
    expect(check().said).toContain('muse_ai.conf');
  });
});
