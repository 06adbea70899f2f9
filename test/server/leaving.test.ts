import { describe, expect } from 'vitest';
import { enablePages, type Httpd, scriptedModel, test } from '../harness/index.ts';
import { type ScriptedProvider, say } from '../provider/index.ts';
import { gated, tokens } from './gated-page.ts';

describe('a visitor who leaves costs nothing more', () => {
  test('in mid-stream over HTTP/1.1', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const exchange = httpd.open('/page');
    gate.release(2);
    await exchange.waitFor('The first piece.');
    exchange.leave();
    expect(await provider.requests[0]?.settled).toBe('aborted');
    await expectNothingKept(httpd, provider);
  });

  test('before the first piece', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const exchange = httpd.open('/page');
    await gate.arrived();
    exchange.leave();
    expect(await provider.requests[0]?.settled).toBe('aborted');
    await expectNothingKept(httpd, provider);
  });

  test('over TLS', async ({ httpd, provider }) => {
    httpd.config.tls();
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const exchange = httpd.open(`${httpd.tlsUrl}/page`);
    gate.release(2);
    await exchange.waitFor('The first piece.');
    exchange.leave();
    expect(await provider.requests[0]?.settled).toBe('aborted');
  });

  test('over HTTP/2, while another stream of the connection goes on', async ({
    httpd,
    provider,
  }) => {
    httpd.config.modules('http2').tls('Protocols h2 http/1.1');
    enablePages(httpd, provider);
    httpd.site.write('a.ai', 'Write about the sea.');
    httpd.site.write('b.ai', 'Write about the hills.');
    const gate = gated(provider);
    await httpd.start();
    const client = httpd.http2();
    const first = client.open('/a');
    await gate.arrived(1);
    const second = client.open('/b');
    await gate.arrived(2);
    gate.release(2 * 2);
    await first.waitFor('The first piece.');
    await second.waitFor('The first piece.');
    first.leave();
    expect(await provider.requests[0]?.settled).toBe('aborted');
    gate.open();
    expect((await second.done).complete).toBe(true);
    await client.close();
  });
});

/** The page that was left is written anew, and whole, for the next visitor. */
async function expectNothingKept(httpd: Httpd, provider: ScriptedProvider): Promise<void> {
  provider.script(scriptedModel, say(tokens));
  const again = await httpd.get('/page');
  expect([again.status, again.text]).toEqual([200, tokens.join('')]);
  expect(again.headers['cache-status']).toContain('fwd=uri-miss');
  expect(provider.received).toBe(2);
}
