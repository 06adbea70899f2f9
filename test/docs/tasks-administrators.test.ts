/** Tasks of the HOWTO, done with its own snippets. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { modelsAt, test, waitUntil } from '../harness/index.ts';
import { type ScriptedProvider, samplePage, say } from '../provider/index.ts';
import { priced } from '../server/administration.ts';
import { parsePrometheus } from '../server/prometheus.ts';
import { configure, snippet } from './as-documented.ts';
import { Document, plain, tableRows } from './document.ts';

const howto = new Document('HOWTO.md');

/** Models for a page whose tokens are counted. */
function counted(provider: ScriptedProvider) {
  provider.script(priced.name, say(samplePage(priced.name)));
  return { models: modelsAt(provider, priced), lines: ['MuseAiEnable On'] };
}

test('the status page is there for this machine, and mod_status has a block', async ({
  httpd,
  provider,
}) => {
  httpd.config.muse(counted(provider));
  configure(httpd, snippet('Watch it', 'apache'));
  configure(httpd, snippet('Watch it', 'apache', 1));
  await httpd.start();
  await httpd.enginesReady();
  const { status, text } = await httpd.get('/muse-status');
  expect([status, text.includes('<section id="outcomes"')]).toEqual([200, true]);
  expect((await httpd.get('/server-status?auto')).text).toContain('MuseAiHealth: ok');
  const rows = tableRows(howto.section('Watch it').text).map(([outcome]) => plain(outcome));
  expect(rows).toEqual(['hit', 'stale', 'joined', 'miss', 'returned', 'limited', 'error']);
});

test('the metrics are those of the table, with their labels', async ({ httpd, provider }) => {
  httpd.config.muse(counted(provider));
  configure(httpd, snippet('Feed Prometheus', 'apache'));
  httpd.config.lines('MuseAiBudget 1000000 tokens');
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  await httpd.get('/page');
  const families = parsePrometheus((await httpd.get('/muse-metrics')).text);
  const table = tableRows(howto.section('Feed Prometheus').text);
  const documented = table.map(([name, labels = '']) => [
    plain(name),
    [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
  ]);
  const found = [...families.values()].map(({ name, samples }) => [
    name,
    Object.keys(samples[0]?.labels ?? {}).sort(),
  ]);
  expect(found.map(([name]) => name).sort()).toEqual(documented.map(([name]) => name).sort());
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(documented));
  const json = JSON.parse((await httpd.get('/muse-metrics?format=json')).text);
  expect(json.completions).toBe(1);
});

test('the health has the fields that are named', async ({ httpd, provider }) => {
  httpd.config.muse(counted(provider));
  const title = 'Check the health for a load balancer';
  configure(httpd, snippet(title, 'apache'));
  await httpd.start();
  const health = await waitUntil('it to be well', async () => {
    const { status, text } = await httpd.get('/muse-health');
    return status === 200 && (JSON.parse(text) as object);
  });
  const [, list = ''] =
    /The answer is JSON: ([\s\S]*?)`health-handler`/.exec(howto.section(title).text) ?? [];
  for (const [, name = ''] of list.matchAll(/`(\w+)`/g)) expect(health).toHaveProperty(name);
});

test('the notes tell what a day’s pages cost', async ({ httpd, provider }) => {
  httpd.config.muse(counted(provider));
  const title = 'Log what pages cost';
  const path = httpd.environment.path('logs', 'muse.log');
  const named = '/var/log/apache2/muse.log';
  configure(httpd, snippet(title, 'apache').replace(named, path));
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  for (let i = 0; i < 3; i++) await httpd.get('/page');
  const lines = await waitUntil('three lines', () => {
    const all = readFileSync(path, 'utf8').trimEnd().split('\n');
    return all.length === 3 && all;
  });
  const cost = Number(lines[0]?.split(' ').at(-3));
  expect(cost).toBeGreaterThan(0);
  const script = snippet(title, 'sh').replace(named, path);
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(Number(stdout)).toBeCloseTo(cost, 6);
});
