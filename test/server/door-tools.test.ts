/** What a model answers beside text reaches a program as it is. */
import { describe, expect } from 'vitest';
import { scriptedModel, test } from '../harness/index.ts';
import { delta, finish, reasoning, say, stream } from '../provider/index.ts';
import { openDoor, post, program, question } from './open-door.ts';

const tools = [
  {
    type: 'function' as const,
    function: { name: 'weather', parameters: { type: 'object', properties: {} } },
  },
];

/** Two calls of a tool, in pieces as models send them; `place`: what they say of their place. */
const toolCallsAt = (place: (index: number) => object) => {
  const type = 'function';
  const called = (text: string) => ({ name: 'weather', arguments: text });
  return stream([
    delta({ tool_calls: [{ ...place(0), id: 'call_1', type, function: called('') }] }),
    delta({ tool_calls: [{ ...place(0), function: { arguments: '{"city":' } }] }),
    delta({ tool_calls: [{ ...place(0), function: { arguments: '"Kew"}' } }] }),
    delta({ tool_calls: [{ ...place(1), id: 'call_2', type, function: called('{}') }] }),
    finish('tool_calls'),
  ]);
};
const toolCalls = toolCallsAt((index) => ({ index }));

const expectedCalls = [
  { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Kew"}' } },
  { id: 'call_2', type: 'function', function: { name: 'weather', arguments: '{}' } },
];

describe('an answer', () => {
  test('calls tools, and goes on with what they say', async ({ httpd, provider }) => {
    openDoor(httpd, provider);
    provider.script(scriptedModel, toolCalls, say('It rains in Kew.'));
    await httpd.start();
    const { chat } = program(httpd);
    const first = await chat.completions.create({ ...question, tools, tool_choice: 'auto' });
    const [choice] = first.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message).toEqual({
      role: 'assistant',
      content: '',
      tool_calls: expectedCalls,
    });
    if (choice === undefined) throw new Error('no choice');
    const messages = [
      ...question.messages,
      choice.message,
      { role: 'tool' as const, tool_call_id: 'call_1', content: 'rain' },
    ];
    const second = await chat.completions.create({ ...question, messages, tools });
    expect(second.choices[0]?.message.content).toBe('It rains in Kew.');
    expect(provider.requests[0]?.body).toMatchObject({ tools, tool_choice: 'auto' });
    expect(provider.requests[1]?.body).toMatchObject({ messages });
  });

  test.for([
    ['with their places', toolCalls],
    ['whose place is null', toolCallsAt(() => ({ index: null }))],
    ['without a place', toolCallsAt(() => ({}))],
  ] as const)(
    'streams calls of tools %s, written or kept, as clients put them together',
    async ([, calls], { httpd, provider }) => {
      openDoor(httpd, provider);
      provider.script(scriptedModel, calls);
      await httpd.start();
      for (let i = 0; i < 2; i++) {
        const runner = program(httpd).chat.completions.stream({ ...question, tools });
        const whole = await runner.finalChatCompletion();
        expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
        const told = whole.choices[0]?.message.tool_calls?.map(({ id, type, ...call }) => ({
          id,
          type,
          function: 'function' in call && {
            name: call.function.name,
            arguments: call.function.arguments,
          },
        }));
        expect(told).toEqual(expectedCalls);
      }
      expect(provider.received).toBe(1);
    },
  );

  test('carries what else a model says: reasoning, refusals, log probabilities', async ({
    httpd,
    provider,
  }) => {
    openDoor(httpd, provider);
    const logprobs = { content: [{ token: 'A', logprob: -0.5, bytes: [65], top_logprobs: [] }] };
    const chunk = { id: 'x1', choices: [{ index: 0, delta: { content: 'A' }, logprobs }] };
    provider.script(
      scriptedModel,
      stream([
        reasoning('I think '),
        reasoning('hard.'),
        { kind: 'raw', bytes: `data: ${JSON.stringify({ ...chunk, citations: ['b'] })}\n\n` },
        delta({ refusal: 'No more.' }),
        finish(),
      ]),
    );
    await httpd.start();
    const whole = JSON.parse((await post(httpd, { ...question, logprobs: true }).done).text);
    expect(whole.citations).toEqual(['b']);
    expect(whole.choices[0]).toMatchObject({
      message: { content: 'A', reasoning_content: 'I think hard.', refusal: 'No more.' },
      logprobs,
    });
    const again = { ...question, logprobs: true, stream: true };
    const streamed = await post(httpd, again, { headers: { 'Cache-Control': 'no-cache' } }).done;
    expect(streamed.text).toContain('"reasoning_content":"I think "');
    expect(streamed.text).toContain('"logprob":-0.5');
  });
});
