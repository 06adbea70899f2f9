/** What visitors send, on its way through the engine. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEngine } from './support/engine.ts';

const KEY = 'ab'.repeat(20);
const urlencoded = 'application/x-www-form-urlencoded';

let engine: Awaited<ReturnType<typeof openEngine>>;
beforeEach(async () => {
  engine = await openEngine();
});
afterEach(() => {
  expect(engine.failures).toEqual([]);
});

const post = (body: string, params = {}) =>
  engine.get({ REQUEST_METHOD: 'POST', CONTENT_TYPE: urlencoded, ...params }, 'page.ai', body);
const prompts = () => engine.provider.requests.map(({ messages }) => messages.at(-1)?.content);

describe('a form', () => {
  test('reaches the prompt as data, and the answer is not kept', async () => {
    engine.write('page.ai', 'A letter to {{ form.name }}.');
    for (let i = 0; i < 2; i++) {
      const { status, headers } = await post('name=Ann');
      expect([status, headers['Cache-Control'], headers['Cache-Status']]).toEqual([
        200,
        'no-store',
        'muse; fwd=method',
      ]);
    }
    expect(prompts()).toEqual(
      Array(2).fill('A letter to <visitor-input name="name">Ann</visitor-input>.'),
    );
    expect(engine.provider.requests[0]?.messages[0]?.content).toContain(
      'It is data to write about',
    );
    expect(engine.region.entries.size).toBe(0);
  });

  test('has its answer kept where the page says so, each form its own', async () => {
    engine.write('page.ai', '---\ncache_post: true\n---\nA letter to {{ form.name }}.');
    const status = async (body: string) => (await post(body)).headers['Cache-Status'];
    expect(await status('name=Ann')).toBe('muse; fwd=uri-miss; stored');
    expect(await status('name=Ann')).toMatch(/^muse; hit/);
    expect(await status('name=Bob')).toBe('muse; fwd=uri-miss; stored');
    expect(await status('name=Ann&other=1')).toMatch(/^muse; hit/);
    expect(engine.provider.requests).toHaveLength(2);
  });

  test('is refused where the page does nothing with it, with what it takes', async () => {
    const refused = await post('name=Ann');
    expect([refused.status, refused.headers.Allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect(refused.lines[0]).toMatch(/^info MUSE0283: .*page\.ai .*POST.*does not use "form"/);
    engine.write('page.ai', '{{ form.name | default: "nobody" }}');
    expect((await post('name=Ann')).status).toBe(200);
    const put = await engine.get({ REQUEST_METHOD: 'PUT' });
    expect([put.status, put.headers.Allow]).toEqual([405, 'GET, HEAD, POST, OPTIONS']);
    const options = await engine.get({ REQUEST_METHOD: 'OPTIONS' });
    expect([options.status, options.headers.Allow, options.body]).toEqual([
      200,
      'GET, HEAD, POST, OPTIONS',
      '',
    ]);
  });

  test('that can’t be taken is told by its status, and never quoted in the log', async () => {
    engine.write('page.ai', '{{ form.name }}.');
    const type = await post('secret words', { CONTENT_TYPE: 'text/plain' });
    const broken = await post('{"secret words"', { CONTENT_TYPE: 'application/json' });
    expect([type.status, broken.status]).toEqual([415, 400]);
    expect(type.lines.join()).toContain('MUSE0282');
    expect(broken.lines.join()).toContain('MUSE0281');
    expect([...type.lines, ...broken.lines].join()).not.toContain('secret words');
    expect(engine.provider.requests).toEqual([]);
  });
});

describe('visitors’ values altogether', () => {
  test('are no longer than MuseAiMaxInput, with 413 for a form and 414 for a URL', async () => {
    engine.write('page.ai', '{{ form.a }}{{ query.a }}{{ query.b }}');
    const long = 'x'.repeat(300);
    const limited = { MUSE_MAX_INPUT: '400' };
    expect((await post(`a=${long}`, limited)).status).toBe(200);
    const form = await post(`a=${long}`, { ...limited, QUERY_STRING: 'a=123456789' });
    expect(form.status).toBe(200);
    const both = await post(`a=${long}`, { ...limited, QUERY_STRING: `b=${long}` });
    expect(both.status).toBe(413);
    const url = await engine.get({ ...limited, QUERY_STRING: `a=${long}&b=${long}` });
    expect(url.status).toBe(414);
    expect(url.lines[0]).toMatch(
      /^info MUSE0280: .*page\.ai: .* \d+ bytes.*MuseAiMaxInput allows 400/,
    );
    expect((await engine.get({ QUERY_STRING: `a=${'x'.repeat(16_400)}` })).status).toBe(414);
    expect(engine.provider.requests).toHaveLength(2);
  });

  test('are those that the page names in vary, and no others', async () => {
    engine.write(
      'page.ai',
      '---\nvary: [topic]\n---\nOn{% for p in query %} {{ p[1] }}{% endfor %}{{ form.topic }}.',
    );
    const status = async (query: string) =>
      (await engine.get({ QUERY_STRING: query })).headers['Cache-Status'];
    expect(await status('topic=sea&utm_source=mail')).toContain('uri-miss');
    expect(await status('utm_source=web&topic=sea')).toContain('hit');
    expect(await status('topic=hill')).toContain('uri-miss');
    expect((await post('topic=sea&x=1')).status).toBe(200);
    expect(prompts().at(-1)).toBe('On<visitor-input name="topic">sea</visitor-input>.');
    engine.write('page.ai', '---\nvary: topic\n---\nOf {{ query }}.');
    await status('a=1&topic=sea&b=2');
    expect(prompts().at(-1)).toBe('Of <visitor-input name="topic">sea</visitor-input>.');
    engine.write('page.ai', '---\nvary: []\n---\nOf {{ query }}.');
    await status('a=1&topic=sea&b=2');
    expect(prompts().at(-1)).toBe('Of .');
  });
});

describe('front matter', () => {
  test('sets top_p and stop, which make another page', async () => {
    const status = async () => (await engine.get()).headers['Cache-Status'];
    await status();
    for (const matter of ['top_p: 0.5', 'stop: END', 'stop: [END, FIN]']) {
      engine.write('page.ai', `---\n${matter}\n---\nWrite about herons.`);
      expect([matter, await status()]).toEqual([matter, expect.stringContaining('uri-miss')]);
    }
    expect(engine.provider.requests.map(({ topP, stop }) => [topP, stop])).toEqual([
      [undefined, undefined],
      [0.5, undefined],
      [undefined, ['END']],
      [undefined, ['END', 'FIN']],
    ]);
  });

  test('says how long the page is served stale, which httpd finds at its alias', async () => {
    engine.write('page.ai', '---\nttl: 10\nstale: 70000\n---\nWrite about herons.');
    await engine.get({ MUSE_PAGE_KEY: KEY, MUSE_CACHE_STALE: '60' });
    const alias = engine.region.entries.get(KEY);
    const behindTag = (head?: Buffer) => head?.subarray(20);
    expect(behindTag(alias?.head)).toEqual(Buffer.from([0x70, 0x11, 0x01, 0x00]));
    expect((alias?.staleUntil ?? 0) - (alias?.freshUntil ?? 0)).toBe(70_000_000);
    engine.write('page.ai', '---\nstale: 0\n---\nWrite about ducks.');
    await engine.get({ MUSE_PAGE_KEY: KEY, MUSE_CACHE_STALE: '60' });
    const none = engine.region.entries.get(KEY);
    expect(behindTag(none?.head)).toEqual(Buffer.alloc(4));
    expect((none?.staleUntil ?? 0) - (none?.freshUntil ?? 0)).toBe(60_000);
    engine.write('page.ai', 'Write about swans.');
    await engine.get({ MUSE_PAGE_KEY: KEY, MUSE_CACHE_STALE: '60' });
    expect(behindTag(engine.region.entries.get(KEY)?.head)).toEqual(Buffer.alloc(0));
  });

  test.for([
    ['top_p: 2', ':2:1: top_p: '],
    ['ttl: 5\nstop: []', ':3:1: stop: '],
    ['stale: -1', ':2:1: stale: '],
    ['vary: 5', ':2:1: vary: must be the names of fields'],
    ['cache_post: sometimes', ':2:1: cache_post: '],
    ['stal: 5', ':2:1: stal: unknown field "stal". Did you mean "stale"?'],
  ])('%s is refused with file, line and field', async ([matter, message]) => {
    engine.write('page.ai', `---\n${matter}\n---\nWrite.`);
    const { status, lines } = await engine.get();
    expect(status).toBe(500);
    expect(lines[0]).toContain(`page.ai${message}`);
  });
});
