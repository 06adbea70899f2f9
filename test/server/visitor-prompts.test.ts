/** Visitors who send the prompt themselves, where the site allows it. */
import { describe, expect } from 'vitest';
import {
  type Httpd,
  type RequestOptions,
  scriptedModel,
  scriptedPage,
  test,
  useModel,
} from '../harness/index.ts';
import { Gate, type ScriptedProvider, say } from '../provider/index.ts';

function allowPrompts(httpd: Httpd, provider: ScriptedProvider, ...lines: readonly string[]) {
  useModel(httpd, provider);
  httpd.config.section(
    'Location',
    '/ai',
    'SetHandler muse-ai-handler',
    'MuseAiPrompt On',
    ...lines,
  );
}

function posted(messages: unknown, more: object = {}): RequestOptions {
  return {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ messages, ...more }),
  };
}

describe('a prompt', () => {
  test('of the query gives a page, which is kept as pages are', async ({ httpd, provider }) => {
    allowPrompts(httpd, provider);
    await httpd.start();
    const first = await httpd.get('/ai?prompt=Write%20about%20herons.');
    expect([first.status, first.text]).toEqual([200, scriptedPage]);
    expect(first.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(first.headers['cache-status']).toContain('fwd=uri-miss; stored');
    const [asked] = provider.requests;
    expect(asked?.messages.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(asked?.messages[1]?.content).toBe('Write about herons.');
    const again = await httpd.get('/ai?prompt=Write%20about%20herons.');
    expect([again.text, again.headers['cache-status']]).toEqual([
      scriptedPage,
      expect.stringContaining('hit'),
    ]);
    await httpd.get('/ai?prompt=Write%20about%20newts.');
    expect(provider.received).toBe(2);
  });

  test('can be a posted conversation, written while it is read, and shared', async ({
    httpd,
    provider,
  }) => {
    allowPrompts(httpd, provider);
    const gate = new Gate();
    provider.script(scriptedModel, say(['<!doctype html><p>One.</p>', '<p>Two.</p>'], { gate }));
    await httpd.start();
    const conversation = [
      { role: 'user', content: 'Write about herons.' },
      { role: 'assistant', content: '<p>Herons.</p>' },
      { role: 'user', content: [{ type: 'text', text: 'Shorter.' }] },
    ];
    const options = posted(conversation, { model: 'any', stream: true });
    const first = httpd.open('/ai', options);
    gate.release(1);
    await first.waitFor('One.');
    const second = httpd.open('/ai', options);
    await second.waitFor('One.');
    gate.open();
    const [one, two] = await Promise.all([first.done, second.done]);
    expect(one.text).toBe('<!doctype html><p>One.</p><p>Two.</p>');
    expect(two.text).toBe(one.text);
    const third = await httpd.get('/ai', options);
    expect([third.text, third.headers['cache-status']]).toEqual([
      one.text,
      expect.stringContaining('hit'),
    ]);
    const other = await httpd.get('/ai', posted([{ role: 'user', content: 'Other.' }]));
    expect(other.headers['cache-status']).toContain('miss');
    expect(provider.requests[0]?.messages.slice(1)).toEqual([
      { role: 'user', content: 'Write about herons.' },
      { role: 'assistant', content: '<p>Herons.</p>' },
      { role: 'user', content: 'Shorter.' },
    ]);
    expect(provider.received).toBe(2);
  });

  test('that is none is refused, without being repeated anywhere', async ({ httpd, provider }) => {
    allowPrompts(httpd, provider, 'MuseAiSecurityMaxRequestSize 1K', 'MuseAiMaxInput 1K');
    await httpd.start();
    const system = [
      { role: 'system', content: 'heron' },
      { role: 'user', content: 'heron' },
    ];
    const cases: [string, RequestOptions, number][] = [
      ['/ai', {}, 400],
      ['/ai?prompt=', {}, 400],
      ['/ai?question=heron', {}, 400],
      ['/ai', { ...posted([]), body: '{"heron' }, 400],
      ['/ai', { method: 'POST', body: 'heron' }, 415],
      [`/ai?prompt=${'heron+'.repeat(200)}`, {}, 414],
      ['/ai', posted([]), 400],
      ['/ai', posted([{ role: 'user', content: ' ' }]), 400],
      ['/ai', posted(system), 400],
      ['/ai', posted([{ role: 'user', content: 'heron '.repeat(500) }]), 413],
      ['/ai', { method: 'PUT' }, 405],
    ];
    for (const [path, options, status] of cases) {
      const answer = await httpd.get(path, options);
      expect([path, options.body, answer.status]).toEqual([path, options.body, status]);
    }
    expect((await httpd.get('/ai', { method: 'OPTIONS' })).headers.allow).toContain('POST');
    expect(provider.received).toBe(0);
    expect(httpd.log.text).not.toContain('heron');
  });

  test('can be a field of a form, and is the same page as that of the query', async ({
    httpd,
    provider,
  }) => {
    allowPrompts(httpd, provider);
    await httpd.start();
    const type = 'application/x-www-form-urlencoded';
    const sent = await httpd.get('/ai', {
      method: 'POST',
      headers: { 'Content-Type': type },
      body: 'prompt=Write+about+herons.&other=1',
    });
    expect([sent.status, sent.text]).toEqual([200, scriptedPage]);
    const asked = await httpd.get('/ai?prompt=Write+about+herons.');
    expect(asked.headers['cache-status']).toContain('hit');
    expect(provider.received).toBe(1);
    const without = { method: 'POST', headers: { 'Content-Type': type }, body: 'other=1' };
    expect((await httpd.get('/ai', without)).status).toBe(400);
  });

  test('is limited as pages are', async ({ httpd, provider }) => {
    allowPrompts(httpd, provider, 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 1');
    await httpd.start();
    const { method: _, ...got } = posted([]);
    expect((await httpd.get('/ai?prompt=One', got)).status).toBe(200);
    expect((await httpd.get('/ai', posted([{ role: 'user', content: 'Two' }]))).status).toBe(429);
  });
});

test('nobody sends one where MuseAiPrompt does not say so', async ({ httpd, provider }) => {
  useModel(httpd, provider);
  httpd.config.section('Location', '/ai', 'SetHandler ai-file-handler', 'MuseAiEnable On');
  httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On');
  httpd.site.write('page.ai', 'Write.');
  await httpd.start();
  expect((await httpd.get('/ai?prompt=heron')).status).toBe(404);
  expect((await httpd.get('/ai', posted([{ role: 'user', content: 'heron' }]))).status).toBe(404);
  expect((await httpd.get('/page', { method: 'POST', body: 'x' })).status).toBe(405);
  expect(provider.received).toBe(0);
});
