/** MuseAiStreaming Off: pages in one piece. */
import { describe, expect } from 'vitest';
import { enablePages, scriptedModel, scriptedPage, test, textOf } from '../harness/index.ts';
import { finish, Gate, hold, say, stream, streamError, text } from '../provider/index.ts';

const html = (body: string) => `<!doctype html><html><body>${body}</body></html>`;

describe.each(['event', 'prefork'] as const)('with MuseAiStreaming Off, on the %s MPM', (mpm) => {
  test('a page is sent when all of it is there', async ({ httpd, provider }) => {
    httpd.config.mpm = mpm;
    enablePages(httpd, provider, 'MuseAiStreaming Off');
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = new Gate();
    provider.script(scriptedModel, say(scriptedPage, { gate }));
    await httpd.start();
    const exchange = httpd.open('/page');
    await gate.arrived();
    gate.release(3);
    await gate.arrived(4);
    let headed = false;
    void exchange.head.then(() => {
      headed = true;
    });
    // A page that streams would have its head by the time that another one is answered.
    expect((await httpd.get('/page', { method: 'HEAD' })).status).toBe(200);
    expect(headed).toBe(false);
    gate.open();
    const result = await exchange.done;
    expect(result.text.trimEnd()).toBe(scriptedPage);
    expect(result.headers['content-length']).toBe(String(Buffer.byteLength(result.text)));
    expect(result.headers['cache-control']).toBe('max-age=300');
    expect(result.headers['cache-status']).toBe('muse; fwd=uri-miss; stored');
    const again = await httpd.get('/page');
    expect([again.text, provider.received]).toEqual([result.text, 1]);
    expect(again.headers['cache-status']).toMatch(/^muse; hit/);
  });

  test('one that breaks off in the middle is an honest status', async ({ httpd, provider }) => {
    httpd.config.mpm = mpm;
    enablePages(httpd, provider, 'MuseAiStreaming Off');
    httpd.site.write('page.ai', 'Write about the sea.');
    provider.script(scriptedModel, stream([text(html('<p>Once')), streamError()]));
    await httpd.start();
    httpd.log.expect(/MUSE0243.*broke off/);
    const result = await httpd.get('/page');
    expect([result.status, result.complete]).toEqual([502, true]);
    expect(result.text).not.toContain('Once');
  });
});

test('a page that is cut short has its notice, and nobody keeps it', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider, 'MuseAiStreaming Off');
  httpd.site.write('page.ai', 'Write about the sea.');
  provider.script(scriptedModel, say(html('<p>Once</p>'), { finish: 'length' }));
  await httpd.start();
  httpd.log.expect(252);
  const result = await httpd.get('/page');
  expect([result.status, result.complete]).toEqual([200, true]);
  expect(result.headers['cache-control']).toBe('no-store');
  expect(result.text).toContain('Once');
});

test('who asks for events has them as they come', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'MuseAiStreaming Off');
  httpd.site.write('page.ai', 'Write about the sea.');
  const gate = new Gate();
  provider.script(scriptedModel, stream([text(html('<p>Once</p>')), hold(gate), finish()]));
  await httpd.start();
  const exchange = httpd.open('/page', { headers: { Accept: 'text/event-stream' } });
  expect((await exchange.head).status).toBe(200);
  gate.open();
  expect(textOf((await exchange.done).text)).toContain('Once');
});
