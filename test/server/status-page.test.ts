import { describe, expect } from 'vitest';
import { type Exchange, type Httpd, parseEvents, test, waitUntil } from '../harness/index.ts';
import { administer, numbersAfter, priced, prompt } from './administration.ts';
import { fewThreads } from './few-threads.ts';
import { gated } from './gated-page.ts';

const accept = 'text/event-stream';

/** The parts that a reader of the events has now. */
function partsIn(exchange: Exchange): Record<string, string> {
  return Object.assign({}, ...parseEvents(exchange.text).map(({ data }) => data));
}

function showing(exchange: Exchange, id: string, pattern: RegExp): Promise<string> {
  return waitUntil(`${pattern} in ${id}`, () => {
    const part = partsIn(exchange)[id] ?? '';
    return pattern.test(part) && part;
  });
}

async function startWithPage(httpd: Httpd): Promise<void> {
  await httpd.start();
  // It answers before its supervisor has told httpd that it is up.
  await httpd.enginesReady();
  await httpd.get('/page');
  await numbersAfter(httpd, 1);
}

describe('the status page', () => {
  test('is HTML that needs no script and no other resource, and tells no secret', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    await startWithPage(httpd);
    const { status, headers, text } = await httpd.get('/status');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(headers.vary).toBeUndefined();
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    for (const id of [
      'health',
      'numbers',
      'outcomes',
      'times',
      'models',
      'budgets',
      'endpoints',
      'engines',
    ]) {
      expect(text).toContain(`<section id="${id}"`);
    }
    expect(text).toContain(`<th scope="row">${priced.name}</th>`);
    expect(text).toContain(provider.url);
    expect(text).toMatch(/<noscript><meta http-equiv="refresh"/);
    expect(text).not.toMatch(/<(?:link|img|iframe|base)\b|\bsrc=|\shref=|\sstyle=|@import|url\(/);
    for (const secret of [priced.api_key, prompt, 'treasure']) expect(text).not.toContain(secret);
  });

  test('has events that show what changes while it is open', async ({ httpd, provider }) => {
    administer(httpd, provider);
    const gate = gated(provider, priced.name);
    await httpd.start();
    await httpd.enginesReady();
    const live = httpd.open('/status', { headers: { accept } });
    expect((await live.head).headers['content-type']).toBe('text/event-stream');
    await showing(live, 'outcomes', /miss/);
    const visitor = httpd.open('/page');
    await gate.arrived(1);
    await showing(live, 'engines', /<td>1<\/td>/);
    gate.open();
    await visitor.done;
    await httpd.get('/page');
    await showing(live, 'models', new RegExp(priced.name));
    await showing(live, 'numbers', /50\.0 %/);
    expect(live.text).not.toContain(priced.api_key);
    live.leave();
  });

  test('sends its readers to the next engine when httpd is restarted', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    const live = httpd.open('/status', { headers: { accept } });
    await showing(live, 'health', /ok/);
    const before = await httpd.engine();
    await httpd.graceful();
    await httpd.engine(before);
    await httpd.enginesReady(2);
    expect((await live.done).complete).toBe(true);
    const next = httpd.open('/status', { headers: { accept } });
    await showing(next, 'health', /ok/);
    next.leave();
  });

  test('is a plain one that says what is wrong while no engine runs', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    await startWithPage(httpd);
    const { pid } = await httpd.engine();
    process.kill(pid, 'SIGSTOP');
    // At once it is not known yet that the engine stands still.
    const { status, text, headers } = await waitUntil(
      'the plain page',
      async () => {
        const result = await httpd.get('/status');
        return result.text.includes('no engine is ready') && result;
      },
      { timeoutMs: 60_000 },
    );
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(text).toContain('<tr><th>miss</th><td>1</td></tr>');
    process.kill(pid, 'SIGCONT');
    await waitUntil('the page itself', async () =>
      (await httpd.get('/status')).text.includes('id="endpoints"'),
    );
    httpd.log.allow(47);
  }, 90_000);

  test('is not counted among the pages', async ({ httpd, provider }) => {
    administer(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    for (let i = 0; i < 3; i++) await httpd.get('/status');
    const live = httpd.open('/status', { headers: { accept } });
    await showing(live, 'health', /ok/);
    live.leave();
    const { text } = await httpd.get('/metrics?format=json');
    expect(JSON.parse(text)).toMatchObject({ requests: { total: 0 }, abandoned: 0 });
  });

  test('is open to many and holds no thread', async ({ httpd, provider }) => {
    administer(httpd, provider);
    fewThreads(httpd, 4);
    await httpd.start();
    await httpd.enginesReady();
    const open = Array.from({ length: 8 }, () => httpd.open('/status', { headers: { accept } }));
    await Promise.all(open.map((each) => showing(each, 'health', /ok/)));
    expect((await httpd.get('/page')).status).toBe(200);
    for (const each of open) each.leave();
  });
});

describe('mod_status', () => {
  test('has a block of ours, for people and for programs', async ({ httpd, provider }) => {
    administer(httpd, provider);
    httpd.config.modules('status');
    httpd.config.section('Location', '/server-status', 'SetHandler server-status');
    await startWithPage(httpd);
    const people = (await httpd.get('/server-status')).text;
    expect(people).toMatch(/<h2>mod_muse_ai \d+\.\d+\.\d+: ok<\/h2>/);
    expect(people).toContain('<tr><th>miss</th><td>1</td></tr>');
    const programs = (await httpd.get('/server-status?auto')).text;
    const lines = new Map(programs.split('\n').map((line) => line.split(': ') as [string, string]));
    expect(lines.get('MuseAiHealth')).toBe('ok');
    expect(lines.get('MuseAiMisses')).toBe('1');
    expect(lines.get('MuseAiEnginesUp')).toBe('1');
  });
});
