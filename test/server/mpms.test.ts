import { describe, expect } from 'vitest';
import { enablePages, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { Gate, say } from '../provider/index.ts';

const opening = '<!doctype html><html lang="en"><head><title>T</title></head><body>';

describe.each(['event', 'worker', 'prefork'] as const)('on the %s MPM', (mpm) => {
  test('pages are streamed, kept, and survive a graceful restart', async ({ httpd, provider }) => {
    httpd.config.mpm = mpm;
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('other.ai', 'Write about the hills.');
    const gate = new Gate();
    const tokens = [opening, '<p>First.</p>', '<p>Second.</p>', '</body></html>'];
    provider.script(scriptedModel, say(tokens, { gate }));
    await httpd.start();
    expect(httpd.children().length).toBeGreaterThanOrEqual(2);

    const streamed = httpd.open('/page');
    gate.release(2);
    await streamed.waitFor('First.');
    expect(streamed.text).not.toContain('Second.');
    gate.open();
    const whole = await streamed.done;
    expect([whole.complete, whole.text]).toEqual([true, tokens.join('')]);

    const hits = await Promise.all(Array.from({ length: 20 }, () => httpd.get('/page')));
    for (const hit of hits) {
      expect([hit.status, hit.text]).toEqual([200, tokens.join('')]);
      expect(hit.headers['cache-status']).toMatch(/^muse; hit; ttl=\d+$/);
    }
    expect(provider.received).toBe(1);

    const engine = await httpd.engine();
    await httpd.graceful();
    const kept = await httpd.get('/page');
    expect([kept.text, kept.headers['cache-status']]).toEqual([
      tokens.join(''),
      expect.stringContaining('muse; hit'),
    ]);
    expect(provider.received).toBe(1);
    const other = await httpd.get('/other');
    expect([other.status, other.text]).toEqual([200, tokens.join('')]);
    expect(provider.received).toBe(2);
    await engine.gone();
    await waitUntil('one engine', () => httpd.engines().length === 1);
    await httpd.stop();
    expect(httpd.processes()).toEqual([]);
  });
});
