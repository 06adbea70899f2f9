import { describe, expect } from 'vitest';
import { enablePages, modelsAt, scriptedModel, test, textOf } from '../harness/index.ts';
import { fail, finish, Gate, hold, say, stream, text } from '../provider/index.ts';

const jsonPage = '---\ncontent_type: application/json\n---\nList two rivers.';
const json = '{"rivers": ["Oder", "Rhein"], "html": "<b>&</b>"}';

describe('a page of JSON', () => {
  test('is asked for as such, cleaned and kept', async ({ httpd, provider }) => {
    httpd.site.write('data.ai', jsonPage);
    enablePages(httpd, provider, 'MuseAiCacheBypass On');
    await httpd.start();
    const answers = [
      json,
      `\`\`\`json\n${json}\n\`\`\``,
      `\`\`\`json\n${json}\n\`\`\`\n\nTell me if {more} is needed.`,
      `<think>{"a": 1}</think>\n${json}`,
      `Here is what you asked for:\n\n\`\`\`json\n${json}\n\`\`\`\n\nTell me if {more} is needed.`,
      `Sure: ${json} Bye.`,
    ];
    for (const answer of answers) {
      provider.script(scriptedModel, say(answer.split('')));
      const result = await httpd.get('/data?cache-bypass=1');
      expect([result.status, result.text], answer).toEqual([200, `${json}\n`]);
      expect(result.headers['content-type']).toBe('application/json');
    }
    const kept = await httpd.get('/data');
    expect(kept.text).toBe(`${json}\n`);
    expect(kept.headers['cache-status']).toMatch(/hit/);
    const [request] = provider.requests;
    expect(request?.field('response_format')).toEqual({ type: 'json_object' });
    expect(request?.messages[0]?.content).toMatch(/^You write JSON/);
  });

  test('is not begun before it is whole', async ({ httpd, provider }) => {
    httpd.site.write('data.ai', jsonPage);
    enablePages(httpd, provider);
    const gate = new Gate();
    provider.script(scriptedModel, stream([text('{"a": '), hold(gate), text('oops'), finish()]));
    await httpd.start();
    const exchange = httpd.open('/data');
    await provider.request(0);
    gate.open();
    const result = await exchange.done;
    expect(result.status).toBe(502);
    const line = await httpd.log.waitFor(285);
    expect(line.text).toContain('is not JSON');
    expect(line.text).not.toContain('oops');
    httpd.log.expect(285);
  });

  test.for([
    ['prose', say('I can not do that.')],
    ['half of it', say('{"a": [1, 2')],
    ['what its limit of tokens cut short', say(json, { finish: 'length' })],
  ] as const)(
    'is an error when it is %s, and is not kept',
    async ([, script], { httpd, provider }) => {
      httpd.site.write('data.ai', jsonPage);
      enablePages(httpd, provider);
      provider.script(scriptedModel, script, say(json));
      await httpd.start();
      expect((await httpd.get('/data')).status).toBe(502);
      expect((await httpd.get('/data')).text).toBe(`${json}\n`);
      httpd.log.expect(285);
    },
  );

  test('is an error, too, when it is longer than a page may be', async ({ httpd, provider }) => {
    httpd.site.write('data.ai', jsonPage);
    enablePages(httpd, provider, 'MuseAiMaxPageSize 1K');
    provider.script(scriptedModel, say(`["${'é'.repeat(600)}"]`));
    await httpd.start();
    expect((await httpd.get('/data')).status).toBe(502);
    httpd.log.expect(251);
  });

  test('comes as an event', async ({ httpd, provider }) => {
    httpd.site.write('data.ai', jsonPage);
    enablePages(httpd, provider);
    provider.script(scriptedModel, say(json));
    await httpd.start();
    const headers = { Accept: 'text/event-stream' };
    expect(textOf((await httpd.get('/data', { headers })).text)).toBe(`${json}\n`);
  });

  test('is had from an endpoint that knows no response_format', async ({ httpd, provider }) => {
    httpd.site.write('data.ai', '---\ncontent_type: application/ld+json\nttl: 0\n---\nList.');
    enablePages(httpd, provider);
    provider.script(scriptedModel, (request) =>
      request.field('response_format') === undefined
        ? say(json)
        : fail(400, { message: "Unknown parameter: 'response_format'." }),
    );
    await httpd.start();
    for (let round = 0; round < 2; round += 1) {
      expect((await httpd.get('/data')).text).toBe(`${json}\n`);
    }
    // Once refused, it is not sent again.
    expect(provider.received).toBe(3);
    await httpd.log.waitFor(286);
    httpd.log.expect(286);
  });

  test('is asked for without it where models.json says so', async ({ httpd, provider }) => {
    httpd.site.write('data.ai', jsonPage);
    const models = modelsAt(provider, { name: scriptedModel, json_mode: false });
    httpd.config.muse({ models, lines: ['MuseAiEnable On'] });
    provider.script(scriptedModel, say(json));
    await httpd.start();
    expect((await httpd.get('/data')).text).toBe(`${json}\n`);
    expect(provider.requests[0]?.field('response_format')).toBeUndefined();
  });

  test('is JSON from the preview', async ({ httpd }) => {
    httpd.site.write('data.ai', jsonPage);
    const models = { models: [{ name: 'p', provider: 'preview' }] };
    httpd.config.muse({ models, lines: ['MuseAiEnable On'] });
    await httpd.start();
    expect(JSON.parse((await httpd.get('/data')).text)).toMatchObject({
      messages: [{ role: 'system' }, { role: 'user', content: 'List two rivers.' }],
    });
  });
});

describe('a page rendered from Markdown', () => {
  const markdown = [
    '# Rivers & *seas*',
    'The **Oder** is long.',
    '| a | b |\n|---|---|\n| 1 | 2 |',
    '<script>alert(1)</script> [run](javascript:alert(1)) [go](https://example.org/)',
    'The end of it.',
  ];

  test('is HTML that comes block by block', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', '---\nrender: markdown\nlang: de\n---\nWrite about rivers.');
    enablePages(httpd, provider);
    const gate = new Gate();
    const [first, ...others] = markdown.join('\n\n').split(/(?<=long\.\n\n\| a \| b \|\n\|---\|)/);
    provider.script(
      scriptedModel,
      stream([text(first ?? ''), hold(gate), text(others.join('')), finish()]),
    );
    await httpd.start();
    const exchange = httpd.open('/page');
    await exchange.waitFor('<strong>Oder</strong> is long.</p>');
    expect(exchange.text).not.toContain('<table>');
    gate.open();
    const result = await exchange.done;
    expect(result.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(result.text).toMatch(/^<!doctype html>\n<html lang="de">\n<meta charset="utf-8">/);
    expect(result.text).toContain('<title>Rivers &amp; seas</title>');
    expect(result.text).toContain('<h1>Rivers &amp; <em>seas</em></h1>');
    expect(result.text).toContain('<td>2</td>');
    expect(result.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(result.text).not.toMatch(/href="java/);
    expect(result.text).toContain('<a href="https://example.org/">go</a>');
    expect(result.text).toMatch(/<p>The end of it\.<\/p>\n<\/main>\n<\/html>\n$/);
    expect((await httpd.get('/page')).text).toBe(result.text);
    expect(provider.requests[0]?.messages[0]?.content).toMatch(/^You write documents in Markdown/);
  });

  test('ends with the notice when it breaks off', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', '---\nrender: markdown\n---\nWrite.');
    enablePages(httpd, provider);
    provider.script(scriptedModel, say('# One\n\n```\ncode', { finish: 'length' }));
    await httpd.start();
    const { text: page } = await httpd.get('/page');
    expect(page).toMatch(/<pre><code>code<\/code><\/pre>\n<\/main>\n<div role="alert"/);
    httpd.log.expect(252);
  });
});

test('a page of Markdown or text is what the model wrote, and asked for as such', async ({
  httpd,
  provider,
}) => {
  const prompts = httpd.conf.path('prompts');
  httpd.conf.write('prompts/system_prompt.ai', 'Write HTML pages.');
  httpd.conf.write('prompts/layout.ai', 'Every page has a <footer>.');
  for (const type of ['text/markdown', 'text/plain', 'text/html']) {
    httpd.site.write(`${type.slice(5)}.ai`, `---\ncontent_type: ${type}\n---\nWrite ${type}.`);
  }
  enablePages(httpd, provider, `MuseAiPromptsDir "${prompts}"`);
  const answer = '# Title\n\n<b>bold</b> & more <script>x</script>\n';
  provider.script(scriptedModel, say(answer));
  await httpd.start();
  for (const [index, type] of ['markdown', 'plain'].entries()) {
    const result = await httpd.get(`/${type}`);
    expect(result.headers['content-type']).toBe(`text/${type}; charset=utf-8`);
    expect(result.text).toBe(answer);
    const system = provider.requests[index]?.messages[0]?.content ?? '';
    expect(system).toMatch(/^Write HTML pages\./);
    expect(system).toContain(`it is a document of the media type text/${type}`);
    expect(system).not.toContain('footer');
  }
  await httpd.get('/html');
  const system = provider.requests[2]?.messages[0]?.content;
  expect(system).toBe('Write HTML pages.\n\nEvery page has a <footer>.');
});

test('what is rendered from Markdown can be nothing but HTML', async ({ httpd, provider }) => {
  httpd.site.write('page.ai', '---\nrender: markdown\ncontent_type: text/plain\n---\nWrite.');
  enablePages(httpd, provider);
  await httpd.start();
  expect((await httpd.get('/page')).status).toBe(500);
  const line = await httpd.log.waitFor(224);
  expect(line.text).toMatch(/page\.ai:2:\d+: render: .*text\/html/);
  httpd.log.expect(224);
});
