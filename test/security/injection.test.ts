/** Line breaks and what they could do: to headers, to whole answers, to the log. */
import { describe, expect } from 'vitest';
import { enablePages, modelsAt, scriptedModel, sendRaw, test } from '../harness/index.ts';
import { fail, raw, redirect, say, stream, streamError, text } from '../provider/index.ts';

const page = '<!doctype html><html lang="en"><title>T</title><p>Hello.</p></html>';
/** What an attacker would like to see as a header, or as a line of the log. */
const forged = 'X-Forged: yes';
const breaks = ['\r\n', '\n', '\r', '\u2028', '\u0085', '\0', '\v\f'];

/** Each line of the log is httpd's own; none begins in the middle of what somebody sent. */
function expectUnforged(whole: string): void {
  const lines = whole.split('\n').filter((line) => line !== '');
  expect(lines.filter((line) => !line.startsWith('['))).toEqual([]);
  expect(whole).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
}

test('a query with line breaks makes no header and no line of the log', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider, 'MuseAiEnv PLACE');
  httpd.config.lines('SetEnvIf X-Place (.+) PLACE=$1');
  provider.script(scriptedModel, say(page));
  httpd.config.logLevel = 'info muse_ai:trace8';
  httpd.site.write('page.ai', 'Write about {{ query.topic }} {{ env.PLACE }}.');
  httpd.site.write('broken.ai', 'Write {{ query.topic | no_such_filter }}.');
  await httpd.start();
  for (const each of breaks) {
    const evil = encodeURIComponent(`${each}${forged}${each}${each}<html>`);
    for (const path of [`/page?topic=${evil}`, `/page?${evil}=1`, `/broken?topic=${evil}`]) {
      const { status, headers } = await httpd.get(path, {
        headers: { Referer: `http://x/?${evil}`, 'User-Agent': evil, 'X-Place': evil },
      });
      expect([path, status]).toEqual([path, path.startsWith('/page') ? 200 : 500]);
      expect(headers).not.toHaveProperty('x-forged');
    }
    const { headers } = await httpd.get(`/${evil}`);
    expect(headers).not.toHaveProperty('x-forged');
  }
  await httpd.stop();
  expectUnforged(httpd.log.text);
  expect(httpd.log.text).not.toContain('X-Forged: yes\n');
  httpd.log.allow(/MUSE0225|AH\d+/);
});

test('a model’s name from a header makes neither', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write.');
  await httpd.start();
  await httpd.enginesReady();
  const names = [
    '\t\tx',
    'x\u001b[31mred',
    'x\u0085y',
    '<script>',
    `x${'y'.repeat(7000)}`,
    '%0d%0a',
  ];
  for (const name of names) {
    const bytes = Buffer.concat([
      Buffer.from('GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Muse-Model: '),
      Buffer.from(name, 'latin1'),
      Buffer.from('\r\n\r\n'),
    ]);
    const answer = await sendRaw(httpd.port, bytes);
    expect(answer.slice(9, 12)).toMatch(/^(200|400)$/);
    expect(answer.split('\r\n\r\n')[0]).not.toContain(name);
  }
  // Folded and bare line breaks are httpd's to refuse.
  for (const between of ['\r\n ', '\n', '\r']) {
    const head = `GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
    const answer = await sendRaw(httpd.port, `${head}X-Muse-Model: a${between}${forged}\r\n\r\n`);
    expect(answer.split('\r\n\r\n')[0]).not.toContain(forged);
  }
  await httpd.stop();
  expectUnforged(httpd.log.text);
  httpd.log.allow(31, /AH\d+/);
});

describe('a provider', () => {
  const evil = `\r\n${forged}\r\n\r\n<script>`;
  const answers = {
    type: {
      kind: 'fixed',
      status: 200,
      headers: { 'content-type': `text/html; ${'x'.repeat(4000)}` },
      body: page,
      before: [],
    },
    status: fail(400, { message: `no${evil}` }),
    body: fail(500, { body: `no${evil}\u001b]0;title\u0007` }),
    busy: fail(429, { message: `no${evil}`, retryAfter: '1, 2' }),
    error: stream([streamError(`no${evil}`, `code${evil}`)]),
    moved: redirect('http://127.0.0.1:9/%0d%0aX-Forged:%20yes'),
    field: stream([raw(`data: {"choices":[],"error":${JSON.stringify(evil)}}\n\n`)]),
    fields: stream([raw(`event: ${forged}\nid: ${forged}\nretry: 0\nX-Forged: yes\n\n`)]),
    nonsense: stream([raw(`data: {"choices":[{"delta":${JSON.stringify(evil)}}]}\n\n`)]),
    finish: stream([
      text(page),
      raw(`data: {"choices":[{"finish_reason":${JSON.stringify(evil)}}]}\n\n`),
    ]),
  } as const;

  test('writes no header and no line of the log', async ({ httpd, provider }) => {
    const names = Object.keys(answers);
    for (const [name, script] of Object.entries(answers)) provider.script(name, script);
    httpd.config.logLevel = 'info muse_ai:trace8';
    httpd.config.muse({ models: modelsAt(provider, ...names), lines: ['MuseAiEnable On'] });
    httpd.site.write('page.ai', 'Write.');
    await httpd.start();
    for (const name of names) {
      const result = await httpd.get('/page', { headers: { 'X-Muse-Model': name } });
      expect([name, result.status]).toEqual([
        name,
        name === 'finish' ? 200 : expect.toBeOneOf([502, 503]),
      ]);
      expect([name, result.headers['x-forged']]).toEqual([name, undefined]);
      expect(JSON.stringify(result.headers)).not.toContain('forged');
      expect(result.text).not.toContain(forged);
    }
    await httpd.stop();
    expectUnforged(httpd.log.text);
    httpd.log.allow(/MUSE02\d\d/);
  });

  test('can’t end an answer and begin another one', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    const second = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nforge';
    provider.script(scriptedModel, say([page.replace('Hello.', `\r\n0\r\n\r\n${second}`)]));
    httpd.site.write('page.ai', 'Write.');
    await httpd.start();
    for (const time of ['cold', 'kept']) {
      const request = 'GET /page HTTP/1.1\r\nHost: localhost\r\n';
      const answer = await sendRaw(httpd.port, `${request}Connection: close\r\n\r\n`);
      expect([time, answer.match(/^HTTP\/1\.1/gm)?.length]).toEqual([time, 2]);
      // In the body, and within its frame: a whole client sees one answer.
      const whole = await httpd.get('/page');
      expect([time, whole.status, whole.complete]).toEqual([time, 200, true]);
      expect(whole.text).toContain('forge');
    }
  });
});

test('a page’s front matter makes no header but its own, and of one line', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider);
  const matters = [
    `content_type: "text/html\\r\\n${forged}"`,
    `content_type: "text/html; x=\\"\\r\\n${forged}\\""`,
    `content_type: "text/html\\n\\n<script>"`,
    `content_type: text/html, ${forged}`,
    `lang: "en\\r\\n${forged}"`,
    `title: "T\\r\\n${forged}"`,
    `model: "m\\r\\n${forged}"`,
  ];
  for (const [i, matter] of matters.entries()) {
    httpd.site.write(`page${i}.ai`, `---\n${matter}\n---\nWrite.`);
  }
  await httpd.start();
  for (const i of matters.keys()) {
    const { status, headers, text: body } = await httpd.get(`/page${i}`);
    expect([matters[i], status]).toEqual([matters[i], 500]);
    expect(headers).not.toHaveProperty('x-forged');
    expect(body).not.toContain(forged);
  }
  expect(provider.received).toBe(0);
  await httpd.stop();
  expectUnforged(httpd.log.text);
  httpd.log.expect(224);
});
