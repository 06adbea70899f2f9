/** Pages that say for themselves how long they are served stale. */
import { expect } from 'vitest';
import { test } from '../harness/index.ts';
import { countedPage } from './counted-pages.ts';
import { expire, isStale, prepare, settle, waitForText } from './stale-pages.ts';

test('a page is served stale for its own time, in place of the directory’s', async ({
  httpd,
  provider,
}) => {
  const gate = prepare(httpd, provider, 'MuseAiCacheStale 0', 'MuseAiCacheStaleOnError 0');
  httpd.site.write('page.ai', '---\nstale: 600\n---\nWrite about {{ query.n }}.');
  await httpd.start();
  await httpd.get('/page');
  await expire(httpd, '/page');
  const stale = await httpd.get('/page');
  expect([stale.status, stale.text, isStale(stale)]).toEqual([200, countedPage(1), true]);
  await gate.arrived();
  gate.release();
  await waitForText(httpd, '/page', countedPage(2));
  await settle(httpd, '/page', gate);
});

test('a page with stale: 0 is not, whatever the directory says', async ({ httpd, provider }) => {
  const gate = prepare(httpd, provider);
  gate.open();
  httpd.site.write('page.ai', '---\nstale: 0\n---\nWrite about {{ query.n }}.');
  await httpd.start();
  expect((await httpd.get('/page')).text).toBe(countedPage(1));
  await expire(httpd, '/page');
  const next = await httpd.get('/page');
  expect([next.text, next.headers['cache-status']]).toEqual([
    countedPage(2),
    'muse; fwd=stale; stored',
  ]);
});
