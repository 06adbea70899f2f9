import { expect } from 'vitest';
import { enablePages, type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { fail, say } from '../provider/index.ts';
import { json, post } from '../server/form-pages.ts';
import { gated, tokens } from '../server/gated-page.ts';

const page = tokens.join('');
const streams = 6;

test('one visit to each of the main paths, a restart and a stop', async ({ httpd, provider }) => {
  // All is slow under a sanitizer, so one child does.
  httpd.config.processes('StartServers 1', 'ServerLimit 3', 'ThreadsPerChild 8');
  httpd.config.lines('MinSpareThreads 1', 'MaxSpareThreads 24', 'MaxRequestWorkers 24');
  enablePages(httpd, provider, 'MuseAiLanguages en es', 'MuseAiCacheBypass On');
  httpd.config.section('Location', '/status', 'SetHandler muse-ai-status');
  httpd.config.lines('ErrorDocument 502 /sorry.html', 'MuseAiEnv TOPIC');
  httpd.config.modules('filter', 'deflate').lines('AddOutputFilterByType DEFLATE text/html');
  httpd.site.write('sorry.html', 'We are sorry.');
  httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
  httpd.site.write('letter.ai', 'A letter to {{ form.name }}.');
  provider.script(scriptedModel, say(page));
  await httpd.start();
  await httpd.enginesReady();

  await cachedPages(httpd);
  await forms(httpd);
  provider.script(scriptedModel, fail(400));
  const failed = await httpd.get('/page?topic=failing');
  expect([failed.status, failed.text]).toEqual([502, 'We are sorry.']);
  httpd.log.expect(/MUSE02\d\d/);
  expect((await httpd.get('/no-such-page')).status).toBe(404);
  expect((await httpd.get('/page.ai', { method: 'DELETE' })).status).toBe(405);

  const gate = gated(provider);
  const open = Array.from({ length: streams }, (_, i) => httpd.open(`/page?topic=open-${i % 2}`));
  const events = httpd.open('/page?topic=events', { headers: { Accept: 'text/event-stream' } });
  await waitUntil('all to wait', () => httpd.engineConnections().length > streams, long);
  open.pop()?.leave();
  await httpd.graceful();
  gate.open();
  for (const { done } of open) expect((await done).text).toBe(page);
  expect((await events.done).complete).toBe(true);
  expect((await httpd.get('/page?topic=sea')).headers['cache-status']).toContain('hit');
});

const long = { timeoutMs: 120_000 };

async function cachedPages(httpd: Httpd): Promise<void> {
  for (const language of ['en', 'es', 'es']) {
    const headers = { 'Accept-Language': language };
    const first = await httpd.get('/page?topic=sea', { headers });
    expect([first.status, first.complete]).toEqual([200, true]);
    const again = await httpd.get('/page?topic=sea', { headers });
    expect(again.headers['cache-status']).toContain('hit');
    const etag = { ...headers, 'If-None-Match': again.headers.etag ?? '' };
    expect((await httpd.get('/page?topic=sea', { headers: etag })).status).toBe(304);
  }
  expect((await httpd.get('/page?topic=sea&cache-bypass=1')).status).toBe(200);
  expect((await httpd.get('/es/page?topic=sea')).status).toBeLessThan(500);
}

async function forms(httpd: Httpd): Promise<void> {
  expect((await post(httpd, '/letter', 'name=Ann')).status).toBe(200);
  expect((await post(httpd, '/letter', '{"name": "Ann"}', json)).status).toBe(200);
  expect((await post(httpd, '/letter', 'x', { 'Content-Type': 'text/odd' })).status).toBe(415);
}
