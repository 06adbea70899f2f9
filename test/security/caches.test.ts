/** What is kept for one visitor, and what another one gets of it. */
import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import {
  enablePages,
  type Httpd,
  type RequestOptions,
  scriptedModel,
  test,
} from '../harness/index.ts';
import { type ScriptedProvider, say } from '../provider/index.ts';

/** Pages that show what they were written from. */
function telling(provider: ScriptedProvider): void {
  provider.script(scriptedModel, (request) => {
    const prompt = request.messages.at(-1)?.content ?? '';
    return say([`<!doctype html><html lang="en"><title>T</title><p>${prompt}</p></html>`]);
  });
}

const isHit = (status = '') => status.includes('muse; hit');

describe('a page behind a password', () => {
  const as = (name: string): RequestOptions => ({
    headers: { Authorization: `Basic ${Buffer.from(`${name}:secret`).toString('base64')}` },
  });

  function protect(httpd: Httpd, provider: ScriptedProvider, ...lines: string[]): void {
    const digest = createHash('sha1').update('secret').digest('base64');
    const users = ['ann', 'bob', 'eve'].map((name) => `${name}:{SHA}${digest}\n`).join('');
    httpd.config.modules('auth_basic', 'authn_file', 'authz_user');
    enablePages(httpd, provider);
    telling(provider);
    httpd.site.write('open/page.ai', 'Write about the sea.');
    httpd.site.write('staff/page.ai', 'Write about the sea {{ form.x }}.');
    httpd.config.section(
      'Directory',
      httpd.site.path('staff'),
      ...['AuthType Basic', 'AuthName "The staff"'],
      `AuthUserFile ${quote(httpd.conf.write('users', users))}`,
      'Require user ann bob',
      ...lines,
    );
  }

  test('passes access control each time, and is for no shared cache', async ({
    httpd,
    provider,
  }) => {
    protect(httpd, provider, 'MuseAiCacheStale 60');
    await httpd.start();
    const cold = await httpd.get('/staff/page', as('ann'));
    const kept = await httpd.get('/staff/page', as('bob'));
    expect([cold.status, kept.status]).toEqual([200, 200]);
    expect(isHit(kept.headers['cache-status'])).toBe(true);
    for (const { headers } of [cold, kept]) {
      expect(headers['cache-control']).toBe('private, max-age=300');
    }
    const etag = kept.headers.etag ?? '';
    const again = await httpd.get('/staff/page', {
      headers: { ...as('bob').headers, 'If-None-Match': etag },
    });
    expect([again.status, again.headers['cache-control']]).toEqual([304, 'private, max-age=300']);
    for (const options of [{}, as('eve'), { headers: { 'If-None-Match': etag } }]) {
      const refused = await httpd.get('/staff/page', options);
      expect([refused.status, refused.text.includes('the sea')]).toEqual([401, false]);
    }
    const posted = await httpd.get('/staff/page', { ...as('ann'), method: 'POST' });
    expect(posted.headers['cache-control']).toMatch(/no-store|private/);
    // An open page of the same prompt is for everybody.
    const open = await httpd.get('/open/page');
    expect(open.headers['cache-control']).toBe('max-age=300');
    httpd.log.allow(/AH01631/);
  });

  test('is kept by no cache of httpd that asks for no password', async ({ httpd, provider }) => {
    httpd.config.modules(
      'cache',
      'socache_shmcb',
      'cache_socache',
      'auth_form',
      'request',
      'session',
    );
    httpd.config.modules('session_cookie');
    protect(
      httpd,
      provider,
      ...['AuthType form', 'AuthFormProvider file', 'Session On', 'SessionCookieName login path=/'],
      'AuthFormLoginRequiredLocation /login.html',
    );
    httpd.site.write('login.html', 'Please log in.');
    httpd.config.lines(
      'CacheSocache shmcb:run/cache(512000)',
      'CacheEnable socache /',
      'CacheHeader On',
    );
    httpd.config.section(
      'Location',
      '/do-login',
      'SetHandler form-login-handler',
      ...[
        'AuthFormProvider file',
        `AuthUserFile ${quote(httpd.conf.path('users'))}`,
        ...[
          'AuthType form',
          'AuthName "The staff"',
          'Session On',
          'SessionCookieName login path=/',
        ],
      ],
    );
    await httpd.start();
    const login = await httpd.get('/do-login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'httpd_username=ann&httpd_password=secret',
    });
    const cookie = login.headers['set-cookie']?.split(';')[0] ?? '';
    expect([login.status, cookie]).toEqual([200, expect.stringContaining('login=')]);
    for (const time of ['cold', 'kept', 'again']) {
      const { status, text } = await httpd.get('/staff/page', { headers: { Cookie: cookie } });
      expect([time, status, text.includes('the sea')]).toEqual([time, 200, true]);
    }
    const stranger = await httpd.get('/staff/page');
    expect(stranger.text).not.toContain('the sea');
    expect(stranger.headers['x-cache'] ?? '').not.toMatch(/^HIT/);
    httpd.log.allow(/AH\d+/);
  });
});

describe('no visitor decides what another one gets', () => {
  test('by the name that he calls the host', async ({ httpd, provider }) => {
    enablePages(httpd, provider, 'MuseAiLanguages en de', 'MuseAiDefaultLanguage en');
    telling(provider);
    const documents = `DocumentRoot ${quote(httpd.site.root)}`;
    httpd.config
      .section('VirtualHost', '*', 'ServerName a.test', 'ServerAlias *.a.test', documents)
      .section('VirtualHost', '*', 'ServerName b.test', documents, 'MuseAiCacheTTL 60');
    httpd.site.write('page.ai', 'Write about {{ path }} {{ query.x }}.');
    await httpd.start();
    const first = await httpd.get('/page', { headers: { Host: 'evil.a.test:666' } });
    const names = ['a.test', 'A.TEST', 'a.test:80', 'a.test.', 'other.a.test', '[::1]', 'b.test'];
    for (const name of names) {
      const page = await httpd.get('/page', { headers: { Host: name } });
      expect([name, page.text]).toEqual([name, first.text]);
    }
    // He alone is told of the pages in other languages there, unless UseCanonicalName is on.
    const { link, ...headers } = first.headers;
    expect(link).toContain('evil.a.test');
    const next = await httpd.get('/page');
    for (const told of [first.text, headers, next.text, next.headers]) {
      expect(JSON.stringify(told)).not.toContain('evil');
    }
    const forwarded = {
      'X-Forwarded-Host': 'evil.test',
      'X-Original-URL': '/evil',
      Forwarded: 'host=evil',
    };
    const page = await httpd.get('/page?x=1', { headers: forwarded });
    expect(`${page.text}${JSON.stringify(page.headers)}`).not.toContain('evil');
    expect(provider.received).toBe(2);
  });

  test('by fields that he sends twice, or in another spelling', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    telling(provider);
    httpd.site.write('page.ai', 'Write about {{ query.topic }}{{ query.constructor }}.');
    await httpd.start();
    const asked = {
      '/page?topic=sea': 'sea',
      '/page?topic=evil&topic=sea': 'evil',
      '/page?topic=sea&topic=evil': 'sea',
      '/page?topic[]=evil': '',
      '/page?Topic=evil': '',
      '/page?topic%00=evil': '',
      '/page?topic=sea;topic=evil': 'sea;topic=evil',
      '/page?topic=s%65a': 'sea',
      '/page?%74opic=sea': 'sea',
      '/page?topic=sea%23evil': 'sea#evil',
      '/page?topic=sea%26x=evil': 'sea&amp;x=evil',
      '/page?__proto__[topic]=evil': '',
      '/page?__proto__=evil&topic=sea': 'sea',
      '/page?cache-bypass=1&topic=sea': 'sea',
    };
    for (const time of ['first', 'second']) {
      for (const [path, topic] of Object.entries(asked)) {
        const { text } = await httpd.get(path);
        const found = /<visitor-input name="topic">(.*?)<\/visitor-input>/.exec(text)?.[1] ?? '';
        expect([time, path, found]).toEqual([time, path, topic]);
      }
    }
  });

  test('by the form in which he wants it, or a body that he sends along', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    telling(provider);
    httpd.site.write('page.ai', 'Write about {{ query.x }}{{ form.x }}.');
    await httpd.start();
    const evil = 'x=evil';
    const bodies: RequestOptions[] = [
      {
        method: 'GET',
        body: evil,
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Content-Length': String(evil.length),
        },
      },
      {
        method: 'POST',
        body: evil,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      },
      {
        method: 'POST',
        body: evil,
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'X-HTTP-Method-Override': 'GET',
        },
      },
      { headers: { Accept: 'text/event-stream' } },
      { headers: { Prefer: 'respond-async' } },
      { headers: { Range: 'bytes=0-3' } },
    ];
    for (const options of bodies) await httpd.get('/page', options);
    const plain = await httpd.get('/page');
    expect([plain.status, plain.headers['content-type']]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(plain.text).toMatch(/^<!doctype html>.*Write about \.<\/p><\/html>$/s);
  });

  test('by a language, or a variable, that is another visitor’s', async ({ httpd, provider }) => {
    enablePages(httpd, provider, 'MuseAiLanguages en de', 'MuseAiEnv PLACE');
    provider.script(scriptedModel, (request) =>
      say(`${request.messages.map(({ content }) => content).join(' ')}`),
    );
    httpd.config.lines('SetEnvIf X-Place (.+) PLACE=$1');
    httpd.site.write('page.ai', 'Write about {{ env.PLACE }}.');
    await httpd.start();
    const ask = (headers: Record<string, string>) => httpd.get('/page', { headers });
    const german = await ask({ 'Accept-Language': 'de', 'X-Place': 'Bonn' });
    const english = await ask({ 'Accept-Language': 'en', 'X-Place': 'York' });
    expect([german.headers['content-language'], english.headers['content-language']]).toEqual([
      'de',
      'en',
    ]);
    for (const _ of [1, 2]) {
      expect((await ask({ 'Accept-Language': 'de', 'X-Place': 'York' })).text).not.toBe(
        english.text,
      );
      expect((await ask({ 'Accept-Language': 'en', 'X-Place': 'York' })).text).toBe(english.text);
      expect((await ask({ 'Accept-Language': 'de', 'X-Place': 'Bonn' })).text).toBe(german.text);
    }
    expect(provider.received).toBe(3);
    for (const { headers } of [german, english]) expect(headers.vary).toContain('Accept-Language');
  });
});

describe('?cache-bypass=1, which has a page written anew,', () => {
  const bypass = (httpd: Httpd, headers: Record<string, string>) =>
    httpd.get('/page?cache-bypass=1', { headers });

  test('is not for those whom a proxy on this host sends', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await httpd.get('/page');
    for (const headers of [
      { 'X-Forwarded-For': '192.0.2.1' },
      { 'X-Forwarded-For': '127.0.0.1' },
      { Forwarded: 'for=192.0.2.1' },
      { Via: '1.1 front' },
    ]) {
      const { headers: said } = await bypass(httpd, headers);
      expect([headers, isHit(said['cache-status'])]).toEqual([headers, true]);
    }
    expect(provider.received).toBe(1);
    expect(isHit((await bypass(httpd, {})).headers['cache-status'])).toBe(false);
    expect(provider.received).toBe(2);
  });

  test('is for those whom mod_remoteip finds to be local', async ({ httpd, provider }) => {
    httpd.config.modules('remoteip');
    httpd.config.lines('RemoteIPHeader X-Forwarded-For', 'RemoteIPInternalProxy 127.0.0.1');
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    await httpd.get('/page');
    for (const [address, hit] of [
      ['192.0.2.1', true],
      ['127.0.0.9', false],
    ] as const) {
      const { headers } = await bypass(httpd, { 'X-Forwarded-For': address });
      expect([address, isHit(headers['cache-status'])]).toEqual([address, hit]);
    }
  });
});
