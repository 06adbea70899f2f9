/** Tasks of the HOWTO that are done with the command muse, by its own snippets. */
import { expect } from 'vitest';
import { folderWith, inShell } from '../cli/muse.ts';
import { enablePages, type Httpd, test } from '../harness/index.ts';
import { countPages, isHit } from '../server/counted-pages.ts';
import { moved, snippet } from './as-documented.ts';

/** A shell snippet for the test's httpd instead of a Debian machine's. */
const movedShell = (httpd: Httpd, text: string) =>
  moved(httpd, text).replaceAll('http://localhost', httpd.url);

const run = (httpd: Httpd, text: string) =>
  inShell('bash', `set -e\n${movedShell(httpd, text)}`, { env: { MUSE_SERVER: httpd.url } });

test('check before you deploy', async () => {
  const site = { 'models.json': '{"models": [{"name": "a"}]}', 'htdocs/page.ai': 'Write.' };
  const script = snippet('Check before you deploy', 'sh', 1);
  const check = (folder: string) =>
    inShell('bash', script.replaceAll('/srv/site', folder), { cwd: folder });
  expect((await check(folderWith(site))).status).toBe(0);
  expect((await check(folderWith({ ...site, 'htdocs/bad.ai': '{{ x }}' }))).status).toBe(1);
});

test('see what is sent and what it costs', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.conf.write('models.json', `{"models": [{"name": "m", "endpoint": "${provider.url}"}]}`);
  httpd.conf.write('prompts/system_prompt.ai', 'Write like a gardener.');
  httpd.site.write('topic.ai', 'Write about {{ query.topic }}.');
  const title = 'See what is sent and what it costs';
  const models = `--models ${httpd.conf.path('models.json')}`;
  const rendered = await run(httpd, `${snippet(title, 'sh').trim()} ${models}`);
  expect(rendered.out).toMatch(/Write like a gardener\..+bees/s);
  const tried = await run(httpd, snippet(title, 'sh', 1).replace('> /tmp/bees.html', models));
  expect([tried.status, tried.out]).toEqual([0, expect.stringMatching(/^<!doctype html>/)]);
});

test('empty the cache, and warm it', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'DirectoryIndex index.ai');
  countPages(provider);
  httpd.config.modules('dir').lines(...snippet('Empty the cache', 'apache').trimEnd().split('\n'));
  httpd.site.write('garden/index.ai', 'Write about gardens.');
  httpd.site.write('garden/roses.ai', 'Write about roses.');
  httpd.site.write('topic.ai', 'Write about {{ query.topic }}.');
  await httpd.start();
  await httpd.enginesReady();
  const warm = () => run(httpd, snippet('Warm the cache', 'sh'));
  const filled = await warm();
  expect([filled.status, filled.err]).toEqual([0, '']);
  expect(provider.received).toBe(4);
  for (const path of ['/garden/', '/garden/roses', '/topic?topic=bees', '/topic?topic=ants']) {
    expect(isHit(await httpd.get(path)), path).toBe(true);
  }
  const [first = '', second = '', third = ''] = snippet('Empty the cache', 'sh').split('\n');
  expect((await run(httpd, first)).out).toBe('/garden/roses: 1 variant purged\n');
  await warm();
  expect(provider.received).toBe(5);
  expect((await run(httpd, second)).out.match(/1 variant purged/g)).toHaveLength(2);
  await warm();
  expect(provider.received).toBe(7);
  expect((await run(httpd, third)).out).toMatch(/^all pages: purged/);
  await warm();
  expect(provider.received).toBe(11);
  const byCurl = await run(httpd, snippet('Empty the cache', 'sh', 1).replaceAll('-X', '-sS -X'));
  expect(byCurl.out).toMatch(/^\{"purged":1\}\n\{"purged":0\}\n\{"purged":\d+\}\n$/);
});

test('watch it on a terminal', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  const metrics = snippet('Feed Prometheus', 'apache').trimEnd().split('\n');
  httpd.config.lines(...metrics);
  httpd.site.write('page.ai', 'Write a page.');
  await httpd.start();
  await httpd.enginesReady();
  await httpd.get('/page');
  const shown = await run(httpd, snippet('Watch it', 'sh'));
  expect([shown.status, shown.out]).toEqual([0, expect.stringMatching(/^mod_muse_ai .* is ok/)]);
});
