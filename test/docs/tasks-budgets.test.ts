/** The task "Never wake up to a surprise bill", done with its own snippets. */
import { expect } from 'vitest';
import { Registry } from '../../src/models/registry.ts';
import { test } from '../harness/index.ts';
import { say } from '../provider/index.ts';
import { configure, snippet } from './as-documented.ts';

const title = 'Never wake up to a surprise bill';

test('the sections have the budgets that they are said to have', async ({ httpd, provider }) => {
  const model = { name: 'm', endpoint: provider.url, stream_usage: true };
  const models = [{ ...model, price: { input: 2, output: 10 } }];
  httpd.config.muse({ models: { models }, lines: ['MuseAiEnable On'] });
  provider.script('m', say('<!doctype html><p>x</p>'));
  httpd.config.section('Location', '/metrics', 'SetHandler muse-ai-metrics');
  configure(httpd, snippet(title, 'apache'));
  httpd.site.write('playground/page.ai', 'Write about herons.');
  await httpd.start();
  expect((await httpd.get('/playground/page')).status).toBe(200);
  const { budgets } = JSON.parse((await httpd.get('/metrics?format=json')).text);
  const playground = `Directory ${httpd.site.path('playground')}`;
  expect(budgets).toMatchObject([
    { name: 'all pages', unit: 'cost', limit: 5 },
    { name: playground, unit: 'tokens', limit: 200_000 },
  ]);
});

test('its models.json gives a model a budget and a fallback', () => {
  const models = Registry.parse(snippet(title, 'json'), {}).models;
  const brilliant = models.get('brilliant');
  expect(brilliant?.budget).toEqual({ cost: 2 });
  expect(brilliant?.fallback.map(({ name }) => name)).toEqual(['thrifty']);
});
