/** Programs share, keep and fail over as visitors of pages do. */
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { scriptedModel, test, waitUntil } from '../harness/index.ts';
import { delta, fail, Gate, hold, say, stall, stream, text } from '../provider/index.ts';
import { numbersAfter } from './administration.ts';
import { openDoor, openDoorFor, post, program, question } from './open-door.ts';

const cacheStatus = async (exchange: ReturnType<typeof post>) =>
  (await exchange.done).headers['cache-status'] ?? '';

describe('equal requests', () => {
  test('that come at the same time are one call, streamed or not', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    const gate = new Gate();
    provider.script(scriptedModel, say(['A ', 'grey ', 'bird.'], { gate }));
    await httpd.start();
    const first = post(httpd, { ...question, stream: true });
    await gate.arrived(1);
    const others = Array.from({ length: 10 }, (_, i) =>
      post(httpd, { ...question, stream: i % 2 === 0 }),
    );
    gate.release(1);
    await others[0]?.waitFor('"A "');
    await waitUntil('all to wait', () => httpd.engineConnections(0).length === 11);
    gate.open();
    const answers = await Promise.all([first, ...others].map(({ done }) => done));
    for (const { text: body, headers } of answers) {
      const isStream = headers['content-type']?.startsWith('text/event-stream');
      if (isStream) expect(contentOf(body)).toBe('A grey bird.');
      else expect(JSON.parse(body).choices[0].message.content).toBe('A grey bird.');
    }
    const alone = ({ headers }: (typeof answers)[number]) =>
      !/collapsed|hit/.test(headers['cache-status'] ?? '');
    expect(answers.filter(alone)).toHaveLength(1);
    expect(provider.received).toBe(1);
  });

  test('that come later are answered from the cache', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    provider.script(scriptedModel, say('A grey bird.'));
    await httpd.start();
    const first = await program(httpd).chat.completions.create(question);
    const later = await post(httpd, question).done;
    expect(JSON.parse(later.text)).toEqual(JSON.parse(JSON.stringify(first)));
    expect(later.headers['cache-status']).toMatch(/^muse; hit; ttl=\d+$/);
    const streamed = await post(httpd, { ...question, stream: true }).done;
    expect(contentOf(streamed.text)).toBe('A grey bird.');
    expect(streamed.headers['cache-status']).toMatch(/^muse; hit/);
    expect(provider.received).toBe(1);
  });

  test('differ by all that changes an answer, and by nothing else', async ({ httpd, provider }) => {
    openDoorFor(httpd, [
      { name: scriptedModel, endpoint: provider.url },
      { name: 'other', endpoint: provider.url },
    ]);
    await httpd.start();
    const different = [
      question,
      { ...question, temperature: 0 },
      { ...question, seed: 1 },
      { ...question, max_tokens: 9 },
      { ...question, stop: 'x' },
      { ...question, tools: [{ type: 'function', function: { name: 'f' } }] },
      { ...question, model: 'other' },
      { ...question, messages: [{ role: 'system', content: 'What is a heron?' }] },
    ];
    for (const body of different) {
      expect(await cacheStatus(post(httpd, body))).toContain('fwd=uri-miss');
    }
    for (const body of [
      { ...question, user: 'somebody' },
      { ...question, stream: true, stream_options: { include_usage: true } },
      { ...question, n: 1, seed: null, metadata: { a: 'b' } },
    ]) {
      expect(await cacheStatus(post(httpd, body))).toContain('hit');
    }
    expect(provider.received).toBe(different.length);
  });

  test('are written anew where a program or the site wants that', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    httpd.config.section('Location', '/llm/fresh', 'MuseAiCacheEnable Off');
    await httpd.start();
    const ask = (headers: Record<string, string> = {}, path?: string) =>
      cacheStatus(post(httpd, question, { headers, ...(path === undefined ? {} : { path }) }));
    expect(await ask({ 'Cache-Control': 'no-store' })).toBe('muse; fwd=bypass');
    expect(await ask()).toBe('muse; fwd=uri-miss; stored');
    expect(await ask({ 'Cache-Control': 'max-age=0, no-cache' })).toBe('muse; fwd=bypass; stored');
    expect(await ask()).toContain('hit');
    expect(await ask({}, '/fresh/v1/chat/completions')).toBe('muse; fwd=bypass');
    expect(provider.received).toBe(4);
  });

  test('are kept no longer than the model says', async ({ httpd, provider }) => {
    openDoorFor(httpd, [{ name: scriptedModel, endpoint: provider.url, ttl: 0 }]);
    await httpd.start();
    expect(await cacheStatus(post(httpd, question))).toBe('muse; fwd=bypass');
    expect(await cacheStatus(post(httpd, question))).toBe('muse; fwd=bypass');
    expect(provider.received).toBe(2);
  });
});

test('a program that leaves ends its call, not that of others', async ({ httpd, provider }) => {
  openDoor(httpd, provider);
  provider.script(scriptedModel, stream([text('A '), stall()]));
  await httpd.start();
  const controller = new AbortController();
  const stays = post(httpd, { ...question, stream: true });
  await stays.waitFor('"A "');
  const leaves = program(httpd).chat.completions.create(question, { signal: controller.signal });
  await waitUntil('both', () => httpd.engineConnections(0).length === 2);
  controller.abort();
  await expect(leaves).rejects.toThrow(/abort/i);
  await waitUntil('one', () => httpd.engineConnections(0).length === 1);
  expect(provider.requests[0]?.ending).toBeUndefined();
  stays.leave();
  expect(await provider.requests[0]?.settled).toBe('aborted');
});

describe('a model that fails', () => {
  test('is asked again, then another, whose name the answer has', async ({ httpd, provider }) => {
    openDoorFor(httpd, [
      { name: scriptedModel, endpoint: provider.url, retries: 1, fallback: ['spare'] },
      { name: 'spare', endpoint: provider.url },
    ]);
    provider.script(scriptedModel, fail(503));
    const called = {
      tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f' } }],
    };
    provider.script('spare', stream([delta(called), { kind: 'finish', reason: 'tool_calls' }]));
    await httpd.start();
    const tools = [{ type: 'function' as const, function: { name: 'f' } }];
    const whole = await program(httpd).chat.completions.create({ ...question, tools });
    expect(whole.model).toBe('spare');
    expect(whole.choices[0]?.message.tool_calls).toHaveLength(1);
    expect(provider.requests.map(({ model }) => model)).toEqual([
      scriptedModel,
      scriptedModel,
      'spare',
    ]);
    const kept = await post(httpd, { ...question, tools }).done;
    expect(Number(/ttl=(\d+)/.exec(kept.headers['cache-status'] ?? '')?.[1])).toBeLessThanOrEqual(
      60,
    );
    expect(JSON.parse(kept.text).model).toBe('spare');
    httpd.log.expect(233);
  });

  test('is not mixed with the one that takes its place', async ({ httpd, provider }) => {
    openDoorFor(httpd, [
      { name: scriptedModel, endpoint: provider.url, retries: 0, fallback: ['spare'] },
      { name: 'spare', endpoint: provider.url },
    ]);
    const gate = new Gate();
    // It says who speaks, and then breaks: nothing of that may reach the program.
    provider.script(
      scriptedModel,
      stream([{ kind: 'head' }, hold(gate), { kind: 'cut', how: 'reset' }]),
    );
    provider.script('spare', say('Spare words.'));
    await httpd.start();
    const streamed = post(httpd, { ...question, stream: true });
    await gate.arrived(1);
    gate.open();
    const { text: body } = await streamed.done;
    expect(contentOf(body)).toBe('Spare words.');
    expect(body.match(/"role":"assistant"/g)).toHaveLength(1);
    httpd.log.expect(233);
  });

  test('is not asked for usage where it would refuse to answer then', async ({
    httpd,
    provider,
  }) => {
    openDoorFor(httpd, [{ name: scriptedModel, endpoint: provider.url, stream_usage: false }]);
    await httpd.start();
    const whole = await program(httpd).chat.completions.create(question);
    expect(whole.usage).toBeUndefined();
    expect(provider.requests[0]?.field('stream_options')).toBeUndefined();
  });
});

test('what comes at once and whole leaves the connection open', async ({ httpd, provider }) => {
  openDoor(httpd, provider);
  await httpd.start();
  await post(httpd, question).done;
  // At once is within a moment, for which a busy engine may be too slow.
  await waitUntil('an answer that leaves the connection open', async () => {
    const kept = await post(httpd, question, { headers: { Connection: 'keep-alive' } }).done;
    expect(kept.headers['cache-status']).toContain('hit');
    return kept.headers.connection?.toLowerCase() !== 'close';
  });
});

test('is counted and noted as pages are, whether it is whole or failed', async ({
  httpd,
  provider,
}) => {
  openDoor(httpd, provider);
  const access = httpd.environment.path('logs', 'access.log');
  const notes = ['cache', 'model', 'tokens'].map((name) => `%{muse-${name}}n`).join(' ');
  httpd.config.lines(`CustomLog ${access} "${notes}"`);
  httpd.config.section('Location', '/metrics', 'SetHandler muse-ai-metrics');
  provider.script(scriptedModel, say('A grey bird.'), fail(400));
  await httpd.start();
  await post(httpd, { ...question, stream: true }).done;
  await post(httpd, question).done;
  await post(httpd, { ...question, seed: 1 }).done;
  await httpd.get('/llm/v1/models');
  // What an answer was is counted after its last byte.
  await numbersAfter(httpd, 3);
  const { text: metrics } = await httpd.get('/metrics');
  for (const [outcome, n] of Object.entries({ miss: 1, hit: 1, error: 1 })) {
    expect(metrics).toMatch(
      new RegExp(`^muse_requests_total\\{outcome="${outcome}"\\} ${n}$`, 'm'),
    );
  }
  await httpd.stop();
  // httpd writes a line after the answer, and so not always in the order of the requests.
  const logged = readFileSync(access, 'utf8').trim().split('\n').sort();
  expect(logged.filter((line) => line !== '- - -')).toEqual([
    'error scripted -',
    expect.stringMatching(/^hit scripted \d+$/),
    expect.stringMatching(/^miss scripted \d+$/),
  ]);
  httpd.log.expect(249);
});

test('thousands of small pieces are kept, and told again', async ({ httpd, provider }) => {
  openDoor(httpd, provider);
  const words = Array.from({ length: 5_000 }, (_, i) => `wörd${i} `);
  provider.script(scriptedModel, say(words, { together: true }));
  await httpd.start();
  const first = await post(httpd, { ...question, stream: true }).done;
  expect(contentOf(first.text)).toBe(words.join(''));
  const again = await post(httpd, question).done;
  expect(again.headers['cache-status']).toContain('hit');
  expect(JSON.parse(again.text).choices[0].message.content).toBe(words.join(''));
});

/** What the events of a stream say. */
function contentOf(body: string): string {
  return body
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice('data: '.length)).choices[0]?.delta.content ?? '')
    .join('');
}
