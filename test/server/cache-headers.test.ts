import { describe, expect } from 'vitest';
import { enablePages, scriptedPage, test } from '../harness/index.ts';
import { isHit } from './counted-pages.ts';
import { gated } from './gated-page.ts';

describe('what the configuration says of the headers for caches', () => {
  test('holds for a page that is written and for one that is kept', async ({ httpd, provider }) => {
    httpd.config.modules('headers');
    enablePages(httpd, provider);
    const says: Record<string, readonly [string, string | undefined]> = {
      set: ['Header set Cache-Control private', 'private'],
      edit: ['Header edit Cache-Control max-age=\\d+ max-age=5', 'max-age=5'],
      unset: ['Header unset Cache-Control', undefined],
    };
    for (const [name, [line]] of Object.entries(says)) {
      httpd.site.write(`${name}.ai`, `Write about ${name}.`);
      httpd.config.section('Files', `${name}.ai`, line, 'Header unset Cache-Status');
    }
    await httpd.start();
    for (const [name, [line, said]] of Object.entries(says)) {
      const first = await httpd.get(`/${name}`);
      const kept = await httpd.get(`/${name}`);
      expect([first.headers.age, Number(kept.headers.age) >= 0]).toEqual([undefined, true]);
      for (const { headers } of [first, kept]) {
        expect([line, headers['cache-control']]).toEqual([line, said]);
        expect(headers).not.toHaveProperty('cache-status');
      }
    }
  });

  test('is added by mod_expires to both in the same way', async ({ httpd, provider }) => {
    httpd.config.modules('expires').lines('ExpiresActive On', 'ExpiresDefault A60');
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    for (let round = 0; round < 2; round += 1) {
      const { headers, rawHeaders } = await httpd.get('/page');
      expect(headers['cache-control']).toBe('max-age=300, max-age=60');
      expect(rawHeaders.filter((text) => text === 'Cache-Control')).toHaveLength(1);
    }
  });
});

test('a page that stands for an error is for no cache', async ({ httpd, provider }) => {
  httpd.config.lines('ErrorDocument 404 /sorry.ai');
  enablePages(httpd, provider);
  httpd.site.write('sorry.ai', 'Say that nothing is there.');
  await httpd.start();
  for (const hit of [false, true]) {
    const gone = await httpd.get('/gone');
    expect([gone.status, gone.text, isHit(gone)]).toEqual([404, scriptedPage, hit]);
    expect(gone.headers['cache-control']).toBe('no-store');
  }
  expect((await httpd.get('/sorry')).headers['cache-control']).toBe('max-age=300');
});

describe('a visitor who has a page that the engine’s cache answers', () => {
  test('gets 304', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await httpd.get('/page');
    const { etag = '', vary } = (await httpd.get('/page')).headers;
    // Under another key, for which httpd itself has nothing.
    for (const [query, method] of [
      ['a', 'GET'],
      ['b', 'HEAD'],
    ] as const) {
      const same = await httpd.get(`/page?${query}`, {
        method,
        headers: { 'If-None-Match': `"other", ${etag}` },
      });
      expect([same.status, same.text, isHit(same)]).toEqual([304, '', true]);
      expect(same.headers).toMatchObject({ etag, vary, 'cache-control': 'max-age=300' });
    }
    const other = await httpd.get('/page?c', { headers: { 'If-None-Match': '"other"' } });
    expect([other.status, other.text, isHit(other)]).toEqual([200, scriptedPage, true]);
    const changed = await httpd.get('/page?d', { headers: { 'If-Match': '"other"' } });
    expect(changed.status).toBe(412);
    expect(provider.received).toBe(1);
  });
});

test('the end of a connection is said beside mod_http2’s offer', async ({ httpd, provider }) => {
  httpd.config.modules('http2').lines('Protocols h2c http/1.1');
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about the sea.');
  const gate = gated(provider);
  await httpd.start();
  const page = httpd.open('/page');
  gate.release();
  const { headers } = await page.head; // not whole, so nobody waits for it on a thread
  gate.open();
  expect((await page.done).complete).toBe(true);
  expect(headers.upgrade).toBe('h2c');
  expect(headers.connection?.split(/, */)).toEqual(['Upgrade', 'close']);
});
