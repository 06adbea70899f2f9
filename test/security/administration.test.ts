/** What administrators' pages show of what strangers wrote, and what they show to whom. */
import { expect } from 'vitest';
import { modelsAt, test } from '../harness/index.ts';
import { fail } from '../provider/index.ts';
import { addPages } from '../server/administration.ts';
import { findLeaks } from '../server/leaks.ts';

const KEY = 'sk-live-Ex4mpleK3yOfTheProvider77';
const PROMPT = 'Wombats-in-secret-prompt';
const QUERY = 'Quokka-in-private-question';

test('they tell no key, prompt or query, whatever went wrong', async ({ httpd, provider }) => {
  const evil = '<script>alert(1)</script>"\\n# HELP x';
  provider.script('m', fail(500, { message: `${KEY} ${PROMPT} ${QUERY}` }));
  httpd.env.THE_KEY = KEY;
  const entries = [
    { name: 'm', api_key: `\${THE_KEY}` },
    { name: evil, model: 'm', api_key: KEY },
  ];
  httpd.config.muse({ models: modelsAt(provider, ...entries) });
  httpd.config.lines('PassEnv THE_KEY').modules('status').lines('ExtendedStatus Off');
  httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On');
  addPages(httpd);
  httpd.config.section('Location', '/server-status', 'SetHandler server-status');
  httpd.site.write('page.ai', `${PROMPT} {{ query.ask }}`);
  await httpd.start();
  await httpd.enginesReady();
  for (const model of ['m', evil]) {
    const headers = { 'X-Muse-Model': model };
    expect((await httpd.get(`/page?ask=${QUERY}`, { headers })).status).toBe(502);
  }
  const pages = ['/status', '/metrics', '/metrics?format=json', '/health', '/server-status'];
  for (const path of [...pages, '/server-status?auto']) {
    const { text, headers } = await httpd.get(path);
    expect(findLeaks(path, text, [KEY, PROMPT, QUERY])).toEqual([]);
    if ((headers['content-type'] ?? '').startsWith('text/html')) {
      expect([path, text.includes('<script>alert')]).toEqual([path, false]);
    }
    if (path === '/metrics') expect(text).not.toMatch(/^# HELP x/m);
  }
  httpd.log.allow(/MUSE02[34]\d/);
});
