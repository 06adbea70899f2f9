/** Programs that speak OpenAI's protocol get what they know from OpenAI. */
import { describe, expect } from 'vitest';
import { scriptedModel, test } from '../harness/index.ts';
import { finish, Gate, hold, say, stream, text } from '../provider/index.ts';
import { curl, openDoor, openDoorFor, post, program, question } from './open-door.ts';

describe('a chat completion', () => {
  test('comes as one object, with its usage', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    provider.script(scriptedModel, say('A grey bird.'));
    await httpd.start();
    const { data, response } = await program(httpd)
      .chat.completions.create(question)
      .withResponse();
    expect(data).toMatchObject({
      object: 'chat.completion',
      model: scriptedModel,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'A grey bird.' },
          finish_reason: 'stop',
          logprobs: null,
        },
      ],
      usage: { completion_tokens: 3 },
    });
    expect(data.id).toMatch(/^chatcmpl-/);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')).toBeNull();
    expect(provider.requests[0]?.messages).toEqual(question.messages);
  });

  test('comes as a stream while it is written', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    const gate = new Gate();
    provider.script(scriptedModel, say(['A ', 'grey ', 'bird.'], { gate }));
    await httpd.start();
    const asked = program(httpd).chat.completions.create({ ...question, stream: true });
    gate.release(1);
    const chunks = (await asked)[Symbol.asyncIterator]();
    const said: unknown[] = [];
    for (let first = ''; first === ''; ) {
      const { value } = await chunks.next();
      expect(value).toMatchObject({ object: 'chat.completion.chunk', model: scriptedModel });
      first = value?.choices[0]?.delta.content ?? '';
      said.push(first);
    }
    expect(said.join('')).toBe('A ');
    gate.open();
    let last: unknown;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      said.push(next.value.choices[0]?.delta.content);
      last = next.value;
    }
    expect(said.join('')).toBe('A grey bird.');
    expect(last).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
  });

  test('tells its usage at the end of a stream to who asks for it', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    provider.script(scriptedModel, say('A grey bird.'));
    await httpd.start();
    for (const source of ['provider', 'cache']) {
      const plain = await post(httpd, { ...question, stream: true }).done;
      const asked = await post(httpd, {
        ...question,
        stream: true,
        stream_options: { include_usage: true },
      }).done;
      expect([source, plain.text.includes('usage')]).toEqual([source, false]);
      const events = asked.text.trim().split('\n\n');
      expect(events.at(-1)).toBe('data: [DONE]');
      const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice('data: '.length)));
      expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } });
      expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    }
    expect(provider.received).toBe(1);
  });

  test('is shown by a preview, whatever it asks', async ({ httpd }) => {
    openDoorFor(httpd, [{ name: scriptedModel, provider: 'preview' }]);
    await httpd.start();
    const whole = await program(httpd).chat.completions.create(question);
    expect(whole.choices[0]?.message.content).toContain('What is a heron?');
  });

  test('may be empty', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    provider.script(scriptedModel, stream([finish()]));
    await httpd.start();
    const whole = await program(httpd).chat.completions.create(question);
    expect(whole.choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'stop' });
    expect((await post(httpd, { ...question, seed: 1, stream: true }).done).text).toContain(
      '[DONE]',
    );
  });

  test('that is cut at its limit says so, and is not kept', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    provider.script(scriptedModel, say('A grey', { finish: 'length' }));
    await httpd.start();
    for (let i = 0; i < 2; i++) {
      const whole = await program(httpd).chat.completions.create(question);
      expect(whole.choices[0]?.finish_reason).toBe('length');
    }
    expect(provider.received).toBe(2);
  });
});

describe.each([
  ['event', []],
  ['worker', []],
  ['prefork', []],
  ['event', ['--http2-prior-knowledge']],
] as const)('on the %s MPM curl %j', (mpm, options) => {
  test('streams and waits, with a body of any size', async ({ httpd, provider }) => {
    httpd.config.mpm = mpm;
    if (options.length > 0) httpd.config.modules('http2').lines('Protocols h2c http/1.1');
    openDoor(httpd, provider);
    const gate = new Gate();
    provider.script(
      scriptedModel,
      stream([text('A '), hold(gate), text('bird.'), finish()]),
      say('Long.'),
    );
    await httpd.start();
    const url = `${httpd.url}/llm/v1/chat/completions`;
    const send = [...options, '-H', 'Content-Type: application/json', '--data-binary', '@-', url];
    const streamed = curl(send, JSON.stringify({ ...question, stream: true }));
    await gate.arrived(1);
    gate.open();
    const { status, body, exit } = await streamed;
    expect([status, exit]).toEqual([200, 0]);
    expect(body).toMatch(/data: \[DONE\]\n\n$/);
    const long = 'word '.repeat(180_000);
    const large = { ...question, messages: [{ role: 'user', content: long }] };
    const whole = await curl(send, JSON.stringify(large));
    expect(JSON.parse(whole.body).choices[0].message.content).toBe('Long.');
    expect(provider.requests[1]?.messages[0]?.content).toBe(long);
    const chunked = ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect: 100-continue'];
    const again = await curl(
      options.length > 0 ? send : [...chunked, ...send],
      JSON.stringify(large),
    );
    expect([again.status, again.head]).toEqual([200, expect.stringContaining('muse; hit')]);
  });
});
