/** What pages of other sites can make a visitor's browser send, with no question asked before. */
import { describe, expect } from 'vitest';
import { enablePages, type Httpd, scriptedModel, test } from '../harness/index.ts';
import { doorPath, openDoor, question } from '../server/open-door.ts';

const elsewhere = { Origin: 'https://elsewhere.example', 'Sec-Fetch-Site': 'cross-site' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const refusal = 100;

/** All that a form, or a script without a question before it, can say of its body. */
const simpleBodies = [
  ['application/x-www-form-urlencoded', 'name=Ann'],
  [
    'multipart/form-data; boundary=b',
    '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nAnn\r\n--b--\r\n',
  ],
  ['text/plain', '{"name": "Ann"}'],
] as const;

function post(httpd: Httpd, path: string, headers: Record<string, string>, body = 'name=Ann') {
  return httpd.get(path, { method: 'POST', headers: { ...form, ...headers }, body });
}

describe('a form that another site sends in a visitor’s name', () => {
  test('is refused and costs nothing, whatever its type', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('letter.ai', 'A letter to {{ form.name }}.');
    await httpd.start();
    for (const [type, body] of simpleBodies) {
      for (const headers of [
        elsewhere,
        { Origin: elsewhere.Origin },
        { 'Sec-Fetch-Site': 'cross-site' },
        { Origin: 'null' },
      ]) {
        const { status } = await post(httpd, '/letter', { ...headers, 'Content-Type': type }, body);
        expect([type, headers, status]).toEqual([type, headers, 403]);
      }
    }
    expect(provider.received).toBe(0);
    const line = await httpd.log.waitFor(refusal);
    expect(line.text).toContain('POST to /letter');
    expect(line.text).toContain('https://elsewhere.example');
    expect(line.text).toContain('MuseAiSecurityAllowedOrigins');
    // Once at a level that is shown by default for each origin, not once for each try.
    const warnings = httpd.log.matching(refusal).filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(3);
    httpd.log.expect(refusal);
  });

  test('is taken from this site, from one beside it, and from what is no browser', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.site.write('letter.ai', 'A letter to {{ form.name }}.');
    await httpd.start();
    const own = `127.0.0.1:${httpd.port}`;
    const passing: Record<string, string>[] = [
      {},
      { Origin: `http://${own}` },
      // A proxy before httpd may have taken the TLS off, and the port away.
      { Origin: `https://${own}` },
      { Host: 'www.example.com', Origin: 'https://WWW.example.com' },
      { Host: 'www.example.com:80', Origin: 'http://www.example.com' },
      { Host: 'www.example.com', Origin: 'https://www.example.com:443' },
      { 'Sec-Fetch-Site': 'same-origin', Origin: `http://${own}` },
      { 'Sec-Fetch-Site': 'same-site', Origin: 'https://app.example.com' },
      { 'Sec-Fetch-Site': 'none' },
      // A page that says no-referrer sends its own forms so.
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' },
    ];
    for (const headers of passing) {
      expect([headers, (await post(httpd, '/letter', headers)).status]).toEqual([headers, 200]);
    }
    const refused: Record<string, string>[] = [
      { Host: 'www.example.com', Origin: 'https://www.example.com.evil.example' },
      { Host: 'www.example.com', Origin: 'https://evil.example' },
      { Host: 'www.example.com', Origin: 'https://www.example.com:8443' },
      { Host: 'www.example.com', Origin: 'http://www.example.com:443' },
      { Host: 'www.example.com', Origin: 'www.example.com' },
      { Host: 'www.example.com', Origin: '' },
      { 'Sec-Fetch-Site': 'something-new', Origin: `http://${own}` },
    ];
    for (const headers of refused) {
      expect([headers, (await post(httpd, '/letter', headers)).status]).toEqual([headers, 403]);
    }
    httpd.log.expect(refusal);
  });

  test('is taken where MuseAiSecurityAllowedOrigins names that site, or all', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    for (const [folder, origins] of [
      ['named', elsewhere.Origin],
      ['all', '*'],
      ['other', 'https://other.example'],
    ] as const) {
      httpd.site.write(`${folder}/letter.ai`, 'A letter to {{ form.name }}.');
      const line = `MuseAiSecurityAllowedOrigins ${origins}`;
      httpd.config.section('Directory', httpd.site.path(folder), line);
    }
    await httpd.start();
    expect((await post(httpd, '/named/letter', elsewhere)).status).toBe(200);
    expect((await post(httpd, '/all/letter', elsewhere)).status).toBe(200);
    expect((await post(httpd, '/other/letter', elsewhere)).status).toBe(403);
    httpd.log.expect(refusal);
  });

  test('is refused at the index of a folder, too', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.config.lines('DirectoryIndex index.ai');
    httpd.site.write('index.ai', 'A letter to {{ form.name }}.');
    await httpd.start();
    expect((await post(httpd, '/', elsewhere)).status).toBe(403);
    expect((await post(httpd, '/', {})).status).toBe(200);
    expect(provider.received).toBe(1);
    httpd.log.expect(refusal);
  });
});

test('a link from another site leads to a page as links do', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    expect([method, (await httpd.get('/page', { method, headers: elsewhere })).status]).toEqual([
      method,
      200,
    ]);
  }
});

test('a visitor’s prompt is refused from another site', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.config.section('Location', '/ask', 'SetHandler muse-ai-handler', 'MuseAiPrompt On');
  await httpd.start();
  expect((await post(httpd, '/ask', elsewhere, 'prompt=Hello')).status).toBe(403);
  expect(provider.received).toBe(0);
  expect((await post(httpd, '/ask', {}, 'prompt=Hello')).status).toBe(200);
  httpd.log.expect(refusal);
});

test('the door refuses a page of another site, in its own way, also with a key', async ({
  httpd,
  provider,
}) => {
  openDoor(httpd, provider);
  await httpd.start();
  const body = JSON.stringify(question);
  const path = `${doorPath}/v1/chat/completions`;
  for (const type of ['text/plain', 'application/json']) {
    const refused = await post(httpd, path, { ...elsewhere, 'Content-Type': type }, body);
    expect([refused.status, refused.headers['content-type']]).toEqual([403, 'application/json']);
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'cross_site_request' } });
  }
  expect(provider.received).toBe(0);
  expect((await post(httpd, path, { 'Content-Type': 'application/json' }, body)).status).toBe(200);
  expect(provider.requests[0]?.model).toBe(scriptedModel);
  httpd.log.expect(refusal);
});

test('pages are not emptied from the cache by a browser', async ({ httpd, provider }) => {
  enablePages(httpd, provider);
  httpd.config.section('Location', '/purge', 'SetHandler muse-ai-purge');
  await httpd.start();
  for (const headers of [elsewhere, { Origin: `http://127.0.0.1:${httpd.port}` }]) {
    expect((await post(httpd, '/purge?all', headers)).status).toBe(403);
  }
  expect((await post(httpd, '/purge?all', {})).status).toBe(200);
});
