import { describe, expect } from 'vitest';
import { enablePages, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { fail, Gate, hold, say } from '../provider/index.ts';
import { gated, tokens } from './gated-page.ts';

const threeChildren = [
  'StartServers 3',
  'ServerLimit 3',
  'ThreadsPerChild 25',
  'MaxRequestWorkers 75',
  'MinSpareThreads 1',
  'MaxSpareThreads 75',
];

describe('visitors of one page that is being written', () => {
  test('share one call, whichever child and address they come by; a late one has it all', async ({
    httpd,
    provider,
  }) => {
    httpd.config.processes(...threeChildren);
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const visit = (i: number) => httpd.open('/page', { localAddress: `127.0.0.${1 + (i % 9)}` });
    const early = Array.from({ length: 30 }, (_, i) => visit(i));
    await gate.arrived(1);
    gate.release(2);
    await Promise.all(early.map((exchange) => exchange.waitFor('The first piece.')));
    const late = Array.from({ length: 30 }, (_, i) => visit(i));
    await Promise.all(late.map((exchange) => exchange.waitFor('The first piece.')));
    expect(late.some((exchange) => exchange.over)).toBe(false);
    gate.open();
    const results = await Promise.all([...early, ...late].map((exchange) => exchange.done));
    expect(new Set(results.map(({ text: body }) => body))).toEqual(new Set([tokens.join('')]));
    expect(results.every(({ complete }) => complete)).toBe(true);
    expect(provider.received).toBe(1);
    const statuses = results.map(({ headers }) => headers['cache-status'] ?? '');
    expect(statuses.filter((status) => !status.includes('collapsed'))).toHaveLength(1);
    expect((await httpd.get('/page')).headers['cache-status']).toContain('muse; hit');
  });

  test('share it also where different pages ask for the same', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('one.ai', 'Write about the sea.');
    httpd.site.write('two.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const one = httpd.open('/one');
    await gate.arrived(1);
    const two = httpd.open('/two');
    gate.release(2);
    await two.waitFor('The first piece.');
    gate.open();
    expect((await one.done).text).toBe((await two.done).text);
    expect(provider.received).toBe(1);
    for (const path of ['/one', '/two']) {
      expect((await httpd.get(path)).headers['cache-status']).toContain('muse; hit');
    }
  });

  test('do not share what may not be looked up', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('never.ai', '---\nttl: 0\n---\nWrite about the hills.');
    const gate = gated(provider);
    await httpd.start();
    const first = httpd.open('/page');
    await gate.arrived(1);
    const others = ['/page?cache-bypass=1', '/never', '/never'].map((path) => httpd.open(path));
    await gate.arrived(4);
    gate.open();
    const results = await Promise.all([first, ...others].map((exchange) => exchange.done));
    expect(results.every(({ text: body }) => body === tokens.join(''))).toBe(true);
    expect(provider.received).toBe(4);
  });

  test('each go on at their own pace: one who does not read holds nobody', async ({
    httpd,
    provider,
  }) => {
    const long = `<!doctype html><html><body>${'<p>word</p>'.repeat(100_000)}</body></html>`;
    enablePages(httpd, provider);
    httpd.config.lines('MuseAiSharedMemory 256M');
    httpd.site.write('page.ai', 'Write a long page.');
    provider.script(scriptedModel, say(long));
    await httpd.start();
    const slow = httpd.open('/page');
    await slow.head;
    slow.pause();
    const quick = await httpd.get('/page');
    expect(quick.text).toBe(long);
    expect(slow.over).toBe(false);
    slow.resume();
    expect((await slow.done).text).toBe(long);
    expect(provider.received).toBe(1);
  });

  test('all learn of its failure, which is logged once for each call', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = new Gate();
    provider.script(scriptedModel, fail(400, { before: [hold(gate)] }));
    await httpd.start();
    const visitors = [httpd.open('/page')];
    await gate.arrived(1);
    for (let i = 0; i < 9; i++) visitors.push(httpd.open('/page'));
    await waitUntil('all to wait', () => httpd.engineConnections(0).length === 10);
    gate.open();
    const results = await Promise.all(visitors.map((exchange) => exchange.done));
    expect(results.map(({ status }) => status)).toEqual(visitors.map(() => 502));
    // A connection may stand before its request is read: who came too late has it tried again.
    expect(provider.received).toBeLessThan(visitors.length);
    const rejected = /MUSE0249.*status 400/;
    httpd.log.expect(rejected);
    expect(httpd.log.matching(rejected)).toHaveLength(provider.received);
  });
});

describe('a page that is being written', () => {
  test('ends its call when the last of its readers leaves, not before', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const visitors = [httpd.open('/page')];
    await gate.arrived(1);
    gate.release(2);
    visitors.push(httpd.open('/page'), httpd.open('/page'));
    await Promise.all(visitors.map((visitor) => visitor.waitFor('The first piece.')));
    const last = visitors.pop();
    for (const visitor of visitors) visitor.leave();
    await waitUntil('the others to be gone', () => httpd.engineConnections(0).length === 1);
    gate.release(1);
    await last?.waitFor('The second piece.');
    last?.leave();
    expect(await provider.requests[0]?.settled).toBe('aborted');
  });

  test('is finished for the cache where MuseAiAbandoned says so', async ({ httpd, provider }) => {
    enablePages(httpd, provider, 'MuseAiAbandoned Finish');
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const visitor = httpd.open('/page');
    await gate.arrived(1);
    gate.release(2);
    await visitor.waitFor('The first piece.');
    visitor.leave();
    await waitUntil('the visitor to be gone', () => httpd.engineConnections(0).length === 0);
    gate.open();
    expect(await provider.requests[0]?.settled).toBe('finished');
    const next = await httpd.get('/page');
    expect([next.text, next.headers['cache-status']]).toEqual([
      tokens.join(''),
      expect.stringContaining('muse; hit'),
    ]);
    expect(provider.received).toBe(1);
  });

  test('that grows beyond MuseAiMaxPageSize ends with a notice, and is not kept', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider, 'MuseAiMaxPageSize 2K');
    httpd.site.write('page.ai', 'Write without an end.');
    provider.script(scriptedModel, say(['<!doctype html><html><body>', 'x'.repeat(1e6)]));
    await httpd.start();
    const ended = await httpd.get('/page');
    expect(ended.complete).toBe(false);
    expect(ended.text).toContain('role="alert"');
    httpd.log.expect(/MUSE0251.*more than 2048 bytes.*MuseAiMaxPageSize/);
    expect((await httpd.get('/page')).headers['cache-status']).toContain('fwd=uri-miss');
  });
});
