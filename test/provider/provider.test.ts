import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  comment,
  cut,
  fail,
  finish,
  Gate,
  garbage,
  head,
  hold,
  raw,
  reasoning,
  redirect,
  type ScriptedProvider,
  samplePage,
  say,
  splitWords,
  stall,
  startProvider,
  stream,
  streamError,
  text,
} from './index.ts';

let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await startProvider();
});
afterEach(() => provider.close());

const messages = [{ role: 'user' as const, content: 'Write about the sea.' }];

function openai(apiKey = 'none'): OpenAI {
  return new OpenAI({ apiKey, baseURL: provider.url, maxRetries: 0 });
}

/** Reads a whole stream through the real client library. */
async function read(model: string) {
  const events = await openai().chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const seen = { text: '', finish: null as string | null, tokens: 0, usage: 0 };
  for await (const event of events) {
    seen.text += event.choices[0]?.delta.content ?? '';
    seen.finish = event.choices[0]?.finish_reason ?? seen.finish;
    seen.usage += event.usage?.completion_tokens ?? 0;
    seen.tokens += 1;
  }
  return seen;
}

function post(body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(`${provider.url}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify(body),
    redirect: 'manual',
    ...(signal === undefined ? {} : { signal }),
  });
}

const asked = (model: string) => ({ model, messages, stream: true });

test('a model without a script writes the sample page, with usage when asked for', async () => {
  const seen = await read('any-model');
  expect(seen.text).toBe(samplePage('any-model'));
  expect(seen.finish).toBe('stop');
  expect(seen.usage).toBe(splitWords(samplePage('any-model')).length);
  expect(provider.requests[0]?.messages).toEqual(messages);
  expect(await provider.requests[0]?.settled).toBe('finished');
});

test('a request that asks for no stream gets the whole completion', async () => {
  provider.script('m', stream([reasoning('Hm.'), text('Hello '), text('there'), finish()]));
  const whole = await openai().chat.completions.create({ model: 'm', messages });
  expect(whole.choices[0]?.message.content).toBe('Hello there');
  expect(whole.choices[0]?.message).toHaveProperty('reasoning_content', 'Hm.');
  expect(whole.choices[0]?.finish_reason).toBe('stop');
  expect(whole.usage?.completion_tokens).toBe(2);
});

test('the scripted models are listed', async () => {
  provider.script('sea', say('waves'));
  const list = await openai().models.list();
  expect(list.data.map((model) => model.id)).toEqual(['sea']);
});

test.each([
  ['byte by byte', { pieceBytes: 1 }],
  ['in pieces that cross events', { pieceBytes: 37, together: true }],
  ['in one piece with CRLF', { together: true, newline: '\r\n' as const }],
  ['byte by byte with CRLF', { pieceBytes: 1, newline: '\r\n' as const }],
])('a stream cut on the wire %s reads the same', async (_name, wire) => {
  const content = 'naïve 日本語 🌊 "quoted"\n';
  provider.script('m', say(content, wire));
  expect((await read('m')).text).toBe(content);
});

test('pieces arrive apart, also inside a character', async () => {
  provider.script('m', stream([raw('data: 🌊\n\n')], { pieceBytes: 1 }));
  const response = await post(asked('m'));
  const sizes: number[] = [];
  for await (const chunk of response.body ?? []) sizes.push(chunk.length);
  expect(sizes.filter((size) => size === 1).length).toBeGreaterThan(20);
});

test('a gate releases tokens one by one', async () => {
  const gate = new Gate();
  provider.script('m', say(['one ', 'two ', 'three'], { gate }));
  const asking = openai().chat.completions.create({ ...asked('m'), stream: true });
  const seen: string[] = [];
  const answered = asking.then((events) => events);
  await gate.arrived();
  gate.release();
  const events = await answered;
  for await (const event of events) {
    const content = event.choices[0]?.delta.content;
    if (!content) continue;
    seen.push(content);
    expect(gate.arrivals).toBeLessThanOrEqual(seen.length + 1);
    gate.release();
  }
  expect(seen).toEqual(['one ', 'two ', 'three']);
});

test.each([401, 403, 404, 429, 500, 503])('status %i comes as an error object', async (status) => {
  provider.script('m', fail(status, { retryAfter: 7 }));
  const response = await post(asked('m'));
  expect(response.status).toBe(status);
  expect(response.headers.get('retry-after')).toBe('7');
  expect(await response.json()).toHaveProperty('error.message', `Scripted failure ${status}`);
});

test('a redirect and garbage come as scripted', async () => {
  provider.script('moved', redirect('http://127.0.0.1:9/v1/chat/completions'));
  provider.script('login', garbage());
  const moved = await post(asked('moved'));
  expect(moved.status).toBe(307);
  expect(moved.headers.get('location')).toContain('127.0.0.1:9');
  const login = await post(asked('login'));
  expect(await login.text()).toContain('login page');
});

test('an answer can be cut before its head, after it, and in the middle', async () => {
  provider.script('before', stream([cut()]));
  provider.script('after', stream([head(), cut()]));
  // fetch drops what it has not read yet when the connection breaks, hence the gate.
  const read = new Gate();
  provider.script('middle', stream([text('Once upon'), hold(read), cut()]));
  provider.script('reset', stream([text('Once upon'), cut('reset')]));
  await expect(post(asked('before'))).rejects.toThrow();
  const after = await post(asked('after'));
  expect(after.status).toBe(200);
  await expect(after.text()).rejects.toThrow();
  let received = '';
  const middle = await post(asked('middle'));
  await expect(async () => {
    for await (const chunk of middle.body ?? []) {
      received += Buffer.from(chunk).toString();
      if (received.includes('Once upon')) read.open();
    }
  }).rejects.toThrow();
  expect(received).toContain('Once upon');
  await expect(post(asked('reset')).then((response) => response.text())).rejects.toThrow();
  const endings = await Promise.all(provider.requests.map((request) => request.settled));
  expect(endings).toEqual(['cut', 'cut', 'cut', 'cut']);
});

test('finish reasons, comments, reasoning and errors in the stream are sent as scripted', async () => {
  provider.script(
    'm',
    stream([head(), comment(), reasoning('Hm'), text('Hi'), finish('length')], {}, false),
  );
  provider.script('broken', stream([text('Hi'), streamError('Overloaded', 'overloaded')]));
  const wire = await (await post(asked('m'))).text();
  expect(wire).toContain(': keep-alive\n\n');
  expect(wire).toContain('"reasoning_content":"Hm"');
  expect(wire).toContain('"finish_reason":"length"');
  expect(wire).not.toContain('[DONE]');
  await expect(read('broken')).rejects.toThrow('Overloaded');
});

test('a client that leaves is recorded as an abort', async () => {
  provider.script('m', stream([text('Once'), stall()]));
  const left = new AbortController();
  const response = await post(asked('m'), left.signal);
  expect(response.status).toBe(200);
  left.abort();
  const request = await provider.request(0);
  expect(await request.settled).toBe('aborted');
  expect(request.aborted).toBe(true);
  expect(request.endedAt).toBeGreaterThan(request.receivedAt);
});

test('scripts of one model follow one another, and the last stays', async () => {
  provider.script('m', fail(500), say('better'));
  expect((await post(asked('m'))).status).toBe(500);
  expect((await read('m')).text).toBe('better');
  expect((await read('m')).text).toBe('better');
});

test('a provider with a key refuses other keys', async () => {
  await using locked = await startProvider({ apiKey: 'sesame' });
  const ask = (key: string) =>
    fetch(`${locked.url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'm', messages }),
    });
  expect((await ask('guess')).status).toBe(401);
  expect((await ask('sesame')).status).toBe(200);
});

test('a provider that refuses can come back at the same port', async () => {
  await provider.refuse();
  await expect(post(asked('m'))).rejects.toThrow();
  await provider.listen();
  expect((await read('m')).finish).toBe('stop');
});

test('closing ends answers that wait', async () => {
  provider.script('m', stream([stall()]));
  const sent = httpRequest(`${provider.url}/chat/completions`, { method: 'POST' });
  sent.on('error', () => undefined).end(JSON.stringify(asked('m')));
  const request = await provider.request(0);
  await provider.close();
  expect(await request.settled).toBe('aborted');
});

test('the provider runs as a program that prints its URL', async () => {
  const child = spawn(process.execPath, ['test/provider/main.ts', '--stdin'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
    const answer = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(asked('tokens-50')),
    });
    expect(await answer.text()).toContain('token-47 ');
  } finally {
    const exited = once(child, 'exit');
    child.stdin.end();
    expect((await exited)[0]).toBe(0);
  }
});
