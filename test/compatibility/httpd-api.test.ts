import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkout } from '../docs/document.ts';
import { complaintsOf, listSources } from './compile.ts';

const older = join(checkout, 'test', 'compatibility', 'httpd_2_4_52.h');
const asWithOlder = (command: string) => command.replace(/ -c /, ` -include ${older} -c `);
const module = listSources().filter(({ path }) => /^apache-module\/[^/]+\.c$/.test(path));

const folder = mkdtempSync(join(tmpdir(), 'muse-httpd-api-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the compiler says of a source that is compiled as the module is. */
async function complaintsOfText(text: string): Promise<string> {
  const file = join(folder, 'one.c');
  writeFileSync(file, text);
  const [like] = module;
  if (like === undefined) throw new Error('no source of the module is built');
  const command = like.command.replace(/ -c \S+$/, ` -c ${file}`);
  return (await complaintsOf([{ ...like, command }], asWithOlder)).join();
}

test('the module uses nothing of httpd that 2.4.52 has not', { timeout: 300_000 }, async () => {
  expect(module.length).toBeGreaterThan(30);
  expect(await complaintsOf(module, asWithOlder)).toEqual([]);
});

test.each([
  ['a function', 'void f(request_rec *r) { ap_set_content_type_ex(r, "text/plain", 1); }'],
  ['a constant', 'int f(void) { return AP_MPMQ_CAN_WAITIO; }'],
  ['a state', 'int f(conn_rec *c) { return c->cs->state == CONN_STATE_PROCESSING; }'],
])('%s that came later is told', async (_, code) => {
  const said = await complaintsOfText(`#include <httpd.h>\n#include <ap_mpm.h>\n${code}\n`);
  expect(said).toContain('poisoned');
});

test('what is behind a guard for a later httpd is left out', async () => {
  const text = [
    '#include <httpd.h>',
    '#if AP_MODULE_MAGIC_AT_LEAST(20120211, 122) || AP_HAS_THREAD_LOCAL',
    '#error "not left out"',
    '#endif',
  ];
  expect(await complaintsOfText(`${text.join('\n')}\n`)).toBe('');
});

/** What ap_mmn.h says came after 2.4.52, of this machine's httpd, without proxies and WebDAV. */
test('everything that came later, as httpd lists it, is looked for', () => {
  const include = execFileSync('sh', ['-c', 'apxs -q INCLUDEDIR || apxs2 -q INCLUDEDIR'], {
    encoding: 'utf8',
  }).trim();
  const list = readFileSync(join(include, 'ap_mmn.h'), 'utf8');
  const names = list
    .slice(list.indexOf('20120211.122 '), list.indexOf('#define MODULE_MAGIC_COOKIE'))
    .split('\n')
    .flatMap((line) => line.replaceAll(/\w+\.h\b/g, '').match(/\b(?:ap|AP|CONN)_\w+\b/g) ?? [])
    .filter((name) => !name.startsWith('ap_proxy_') && name !== 'ap_');
  expect(new Set(names).size).toBeGreaterThan(0);
  const poisoned = readFileSync(older, 'utf8');
  expect(names.filter((name) => !new RegExp(`poison.*\\b${name}\\b`).test(poisoned))).toEqual([]);
});
