import { describe, expect, test } from 'vitest';
import { chunkLine, identityLine, LineReader, usageLine } from '../../src/door/chunk-lines.ts';
import { chunksOf, completionOf } from '../../src/door/completion-object.ts';
import { merge } from '../../src/door/merge.ts';
import { routeOf } from '../../src/door/route.ts';
import { ToolIndexes } from '../../src/door/tool-indexes.ts';

describe('the route of a path', () => {
  test.each([
    ['/llm/v1/chat/completions', { name: 'chat' }],
    ['/v1/chat/completions', { name: 'chat' }],
    ['/llm/chat/completions', { name: 'chat' }],
    ['/llm/v1/models', { name: 'models' }],
    ['/llm/models', { name: 'models' }],
    ['/llm/v1/models/writer', { name: 'model', id: 'writer' }],
    ['/llm/models/meta/llama', { name: 'model', id: 'meta/llama' }],
    ['/models/v1/models/v1/models', { name: 'model', id: 'v1/models' }],
    ['/llm/v1/models/', undefined],
    ['/llm/v1/embeddings', undefined],
    ['/llm/v1/chat/completions/', undefined],
    ['/llm', undefined],
    ['/', undefined],
  ])('%s', (path, route) => {
    expect(routeOf(path)).toEqual(route);
  });
});

describe('tool calls', () => {
  const called = (name: string, text: string) => ({ function: { name, arguments: text } });
  const more = (text: string) => ({ function: { arguments: text } });

  test.each([
    [
      'without a place',
      [{ id: 'a', ...called('f', '{') }, more('}'), { id: 'b', ...called('g', '{}') }, more('')],
    ],
    [
      'whose place is null',
      [
        { index: null, id: 'a', ...called('f', '{') },
        { index: null, ...more('}') },
        { index: null, id: 'b', ...called('g', '{}') },
        { index: null, id: null, ...more('') },
      ],
    ],
    [
      'that repeat their id',
      [
        { id: 'a', ...called('f', '{') },
        { id: 'a', ...more('}') },
        { id: 'b', ...called('g', '{}') },
        { id: 'b', ...more('') },
      ],
    ],
    [
      'without an id either',
      [called('f', '{'), more('}'), called('g', '{}'), { ...more(''), id: '' }],
    ],
    [
      'with a place at their beginning alone',
      [
        { index: 0, id: 'a', ...called('f', '{') },
        more('}'),
        { index: 1, id: 'b', ...called('g', '{}') },
        more(''),
      ],
    ],
  ])('%s get the one that their pieces have in common', (_what, calls) => {
    const indexes = new ToolIndexes();
    const completed = calls.map((call) =>
      indexes.complete({ choices: [{ delta: { tool_calls: [call] } }] }),
    );
    const places = completed.map(({ choices }) => choices?.[0]?.delta?.tool_calls);
    expect(places).toEqual(calls.map((call, i) => [{ ...call, index: i < 2 ? 0 : 1 }]));
  });

  test('that came all at once get one each, and what is none stays as it is', () => {
    const call = called('f', '{}');
    const calls = [call, call, null, 'nonsense'];
    const chunk = { choices: [{ delta: { tool_calls: calls } }, { delta: {} }], usage: null };
    expect(new ToolIndexes().complete(chunk)).toEqual({
      choices: [
        {
          delta: {
            tool_calls: [{ index: 0, ...call }, { index: 1, ...call }, null, 'nonsense'],
          },
        },
        { delta: {} },
      ],
      usage: null,
    });
    const plain = { choices: [{ delta: { content: 'a' } }] };
    expect(new ToolIndexes().complete(plain)).toBe(plain);
  });
});

describe('deltas', () => {
  test('are put together by their kinds', () => {
    const message: Record<string, unknown> = {};
    merge(message, { role: 'assistant', content: 'a', list: [{ index: 0, id: 'x', text: '1' }] });
    merge(message, { role: 'assistant', content: null, list: [{ index: 2, text: '3' }] });
    merge(message, { content: 'b', list: [{ index: 0, id: 'x', text: '2' }], more: { n: 1 } });
    merge(message, { more: { n: 2, s: 't' }, plain: [1] });
    merge(message, { plain: [2] });
    expect(message).toEqual({
      role: 'assistant',
      content: 'ab',
      list: [
        { index: 0, id: 'x', text: '12' },
        { index: 2, text: '3' },
      ],
      more: { n: 2, s: 't' },
      plain: [1, 2],
    });
  });

  test('change nothing but what they are put into', () => {
    const message = {};
    merge(message, JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"a": 1}}'));
    expect('polluted' in message).toBe(false);
    expect('polluted' in {}).toBe(false);
    expect(Object.keys(message)).toEqual(['constructor']);
    expect('a' in Object).toBe(false);
  });
});

describe('a completion', () => {
  const identity = { id: 'c1', created: 5, model: 'writer' };
  const written = [
    identityLine(identity),
    chunkLine({ choices: [{ delta: { content: 'A' } }], system_fingerprint: 'f' } as never),
    chunkLine({ choices: [{ delta: { content: ' ☃' }, finish_reason: 'stop' }] }),
    usageLine({ total_tokens: 3 }),
  ].join('');

  test('is made of its lines, and is the same when it is told again as chunks', () => {
    const whole = completionOf(written);
    expect(whole).toMatchObject({
      ...identity,
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'A ☃' }, finish_reason: 'stop' }],
      usage: { total_tokens: 3 },
      system_fingerprint: 'f',
    });
    const chunks = chunksOf(whole, true).map((chunk) => JSON.stringify(chunk));
    const lines = chunks.map(
      (chunk) => chunkLine(JSON.parse(chunk)) ?? usageLine(JSON.parse(chunk).usage),
    );
    expect(completionOf(identityLine(identity) + lines.join(''))).toEqual(whole);
    expect(chunksOf(whole, false).every((chunk) => !('usage' in chunk))).toBe(true);
  });

  test('comes in lines however its bytes are cut', () => {
    const bytes = Buffer.from(written);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new LineReader();
      const lines = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
      expect(lines.join('\n')).toBe(written.trimEnd());
    }
  });

  test('says nothing by chunks that have no choice', () => {
    expect(chunkLine({})).toBeUndefined();
    expect(chunkLine({ choices: [] })).toBeUndefined();
    expect(chunkLine({ choices: null })).toBeUndefined();
  });
});
