/** What fails while an answer is written is told to the program that waits for it. */
import { APIError } from 'openai';
import { describe, expect } from 'vitest';
import { scriptedModel, test, waitUntil } from '../harness/index.ts';
import { cut, fail, finish, Gate, hold, stall, stream, text } from '../provider/index.ts';
import { errorOf, openDoor, openDoorFor, post, program, question, refused } from './open-door.ts';

describe('a provider’s failure', () => {
  test('is told by a status, without its words and addresses', async ({ httpd, provider }) => {
    openDoorFor(httpd, [{ name: scriptedModel, endpoint: provider.url, retries: 0 }]);
    const cases = [
      [fail(500, { message: 'secret words' }), 502, 'provider_failed'],
      [fail(401), 502, 'provider_refused_key'],
      [fail(429, { retryAfter: 7 }), 503, 'provider_busy'],
      [fail(404), 502, 'provider_unknown_model'],
      [fail(402, { message: 'secret words' }), 502, 'provider_rejected'],
    ] as const;
    await httpd.start();
    for (const [i, [script, status, code]] of cases.entries()) {
      provider.script(scriptedModel, script);
      const answer = await post(httpd, { ...question, seed: i }).done;
      expect(answer.text).not.toMatch(/secret|127\.0\.0\.1/);
      expect(errorOf(answer)).toMatchObject({ status, code, type: 'server_error' });
      expect(answer.headers['retry-after']).toBe(code === 'provider_busy' ? '7' : undefined);
    }
    httpd.log.expect(243, 240, 242, 241, 249);
  });

  test('that is about the request is told in its words: only its sender can mend it', async ({
    httpd,
    provider,
  }) => {
    openDoorFor(httpd, [
      { name: scriptedModel, endpoint: provider.url, api_key: 'sk-the-operators-own-key' },
    ]);
    const message = 'Too long for sk-the-operators-own-key.';
    provider.script(scriptedModel, fail(400, { message, code: 'context_length_exceeded' }));
    await httpd.start();
    const error = await refused(httpd, question);
    expect(error).toMatchObject({ status: 400, code: 'context_length_exceeded' });
    expect(error.message).toContain('Too long for');
    expect(error.message).not.toContain('operators');
    httpd.log.expect(249);
  });

  test('in the middle of a stream is an event, and an error of the client', async ({
    httpd,
    provider,
  }) => {
    openDoor(httpd, provider);
    const gate = new Gate();
    provider.script(scriptedModel, stream([text('A '), hold(gate), cut()]));
    await httpd.start();
    const chunks = await program(httpd).chat.completions.create({ ...question, stream: true });
    let said = '';
    const read = async () => {
      for await (const chunk of chunks) {
        said += chunk.choices[0]?.delta.content ?? '';
        if (said !== '') gate.open();
      }
    };
    await expect(read()).rejects.toBeInstanceOf(APIError);
    expect(said).toBe('A ');
    const whole = await post(httpd, question).done;
    expect(errorOf(whole)).toMatchObject({ status: 502, code: 'provider_cut_off' });
    httpd.log.expect(246);
  });

  test('by taking too long is told as such', async ({ httpd, provider }) => {
    openDoor(httpd, provider, 'MuseAiTimeout 1');
    provider.script(scriptedModel, stream([stall()]));
    await httpd.start();
    expect(await refused(httpd, question)).toMatchObject({ status: 504, code: 'provider_slow' });
    httpd.log.expect(245);
  });
});

test('an answer that is longer than MuseAiMaxPageSize ends with an error', async ({
  httpd,
  provider,
}) => {
  openDoor(httpd, provider, 'MuseAiMaxPageSize 2K');
  provider.script(
    scriptedModel,
    stream([text('x'.repeat(1_500)), text('y'.repeat(1_500)), finish()]),
  );
  await httpd.start();
  expect(await refused(httpd, question)).toMatchObject({ status: 502, code: 'answer_too_long' });
  httpd.log.expect(251);
});

test('an engine that does not run is told as 503 with Retry-After', async ({ httpd, provider }) => {
  openDoor(httpd, provider);
  await httpd.start();
  const engine = await httpd.engine();
  await engine.freeze();
  const answer = await post(httpd, question).done;
  engine.thaw();
  expect(errorOf(answer)).toMatchObject({ status: 503, code: 'service_unavailable' });
  expect(answer.headers['retry-after']).toBe('10');
  httpd.log.expect(47);
});

test('an engine that dies before it answers is followed by one that gets the same request', async ({
  httpd,
  provider,
}) => {
  openDoor(httpd, provider);
  const gate = new Gate();
  provider.script(scriptedModel, stream([hold(gate), text('A bird.'), finish()]));
  await httpd.start();
  const asked = post(httpd, question);
  await gate.arrived(1);
  await (await httpd.engine()).kill();
  await gate.arrived(2);
  gate.open();
  const answer = await asked.done;
  expect(JSON.parse(answer.text).choices[0].message.content).toBe('A bird.');
  expect(provider.requests[1]?.body).toEqual(provider.requests[0]?.body);
  httpd.log.allow(/MUSE002\d/);
});

test('an engine that dies in the middle of an answer breaks the connection off', async ({
  httpd,
  provider,
}) => {
  openDoor(httpd, provider);
  provider.script(scriptedModel, stream([text('A '), stall()]));
  await httpd.start();
  const streamed = post(httpd, { ...question, stream: true });
  await streamed.waitFor('"A "');
  const engine = await httpd.engine();
  await engine.kill();
  const { complete, text: body } = await streamed.done;
  expect([complete, body.includes('[DONE]')]).toEqual([false, false]);
  httpd.log.expect(41);
  httpd.log.allow(/MUSE002\d/);
  await waitUntil('another engine', () => httpd.engines().some(({ pid }) => pid !== engine.pid));
});
