import { describe, expect } from 'vitest';
import { enablePages, test } from '../harness/index.ts';
import { countedPage, countPages, isHit } from './counted-pages.ts';

describe('?cache-bypass=1 has the page written anew', () => {
  const remote = { headers: { 'X-Forwarded-For': '192.0.2.1' } };

  test.for([
    ['by default', [], { here: true, there: false }],
    ['Local', ['MuseAiCacheBypass Local'], { here: true, there: false }],
    ['On', ['MuseAiCacheBypass On'], { here: true, there: true }],
    ['Off', ['MuseAiCacheBypass Off'], { here: false, there: false }],
  ] as const)('%s: %j', async ([, lines, works], { httpd, provider }) => {
    httpd.config.modules('remoteip');
    enablePages(httpd, provider, ...lines);
    httpd.config.lines('RemoteIPHeader X-Forwarded-For', 'RemoteIPInternalProxy 127.0.0.1');
    httpd.site.write('page.ai', 'Write about {{ query.n }}.');
    countPages(provider);
    await httpd.start();
    const plain = await httpd.get('/page?n=1');
    for (const [options, allowed] of [
      [{}, works.here],
      [remote, works.there],
    ] as const) {
      const before = provider.received;
      const bypassed = await httpd.get('/page?n=1&cache-bypass=1', options);
      expect(provider.received - before).toBe(allowed ? 1 : 0);
      expect(isHit(bypassed)).toBe(!allowed);
      if (allowed) expect(bypassed.headers['cache-status']).toBe('muse; fwd=bypass; stored');
      // What was written anew is kept for everybody, and for the address without the word.
      const after = await httpd.get('/page?n=1');
      expect([isHit(after), after.text]).toEqual([true, bypassed.text]);
    }
    expect(plain.text).toBe(countedPage(1));
    expect(provider.requests.at(-1)?.messages.at(-1)?.content).not.toContain('bypass');
  });

  test('only as these words', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await httpd.get('/page');
    for (const query of ['cache-bypass=0', 'cache-bypass', 'xcache-bypass=1', 'cache-bypass=11']) {
      expect([query, isHit(await httpd.get(`/page?${query}`))]).toEqual([query, true]);
    }
    for (const query of ['cache-bypass=1', 'a=b&cache-bypass=1', 'cache-bypass=1&a=b']) {
      expect([query, isHit(await httpd.get(`/page?${query}`))]).toEqual([query, false]);
    }
  });
});
