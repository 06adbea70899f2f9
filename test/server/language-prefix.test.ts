import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import { test } from '../harness/index.ts';
import { accept, speak, spoken } from './language-pages.ts';

const TWO = 'MuseAiLanguages en es';

test('a language before the path is that of all that is behind it', async ({ httpd, provider }) => {
  speak(httpd, provider, TWO, 'DirectoryIndex index.ai');
  for (const page of ['index.ai', 'docs/index.ai', 'docs/page.ai']) httpd.site.write(page, page);
  httpd.site.write('docs/style.css', 'p {}');
  httpd.site.write('docs/es/deep.ai', 'Deep.');
  await httpd.start();
  for (const path of ['/es/', '/es/page', '/es/page.ai', '/es/docs/', '/es/docs/page?x=1']) {
    const result = await httpd.get(path, accept('en'));
    expect([path, result.status, spoken(result)]).toEqual([path, 200, 'es']);
  }
  for (const path of ['/es/docs/style.css', '/EN/docs/style.css']) {
    const result = await httpd.get(path);
    expect([path, result.status, result.text]).toEqual([path, 200, 'p {}']);
  }
  for (const path of [
    '/es/nothing',
    '/es/docs/nothing',
    '/de/page',
    '/docs/es/page',
    '/en/es/page',
  ])
    expect([path, (await httpd.get(path)).status]).toEqual([path, 404]);
  expect((await httpd.get('/docs/es/deep')).status).toBe(200);
});

test('what has no slash at its end gets it, and keeps its language', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, TWO, 'DirectoryIndex index.ai');
  httpd.site.write('index.ai', 'Home.');
  httpd.site.write('docs/index.ai', 'Docs.');
  await httpd.start();
  for (const [from, to] of [
    ['/es', '/es/'],
    ['/ES', '/es/'],
    ['/es?x=1', '/es/?x=1'],
    ['/es/docs', '/es/docs/'],
    ['/es/docs?x=1', '/es/docs/?x=1'],
  ] as const) {
    const { status, headers } = await httpd.get(from);
    expect([from, status, headers.location]).toEqual([from, 301, to]);
  }
});

test('a folder that is really there comes first', async ({ httpd, provider }) => {
  speak(httpd, provider, TWO);
  httpd.site.write('es/page.ai', 'The folder’s own.');
  httpd.site.write('other.ai', 'Other.');
  await httpd.start();
  expect((await httpd.get('/es/page')).text).toContain('The folder’s own.');
  expect(spoken(await httpd.get('/es/other'))).toBe('es');
});

test('what is elsewhere is answered there, and never at another host', async ({
  httpd,
  provider,
}) => {
  speak(httpd, provider, TWO);
  const app = httpd.conf.path('app');
  httpd.conf.write('app/start.html', 'The app.');
  httpd.config
    .modules('proxy', 'proxy_http')
    .lines(`Alias /app ${quote(app)}`, 'ProxyPass /far http://127.0.0.1:9/')
    .lines('Redirect /old /page')
    .section('Directory', app, 'Require all granted')
    .section('Location', '/hello', 'SetHandler server-info');
  await httpd.start();
  for (const [from, to] of [
    ['/es/app/start.html?x=1', '/app/start.html?x=1'],
    ['/es/far/away', '/far/away'],
    ['/es/old', '/old'],
    ['/es/hello', '/hello'],
  ] as const) {
    const { status, headers } = await httpd.get(from);
    expect([from, status, headers.location]).toEqual([from, 302, to]);
  }
  const posted = await httpd.get('/es/app/start.html', { method: 'POST' });
  expect([posted.status, posted.headers.location]).toEqual([307, '/app/start.html']);
  for (const path of ['/es//evil.example/', '/es/%5cevil.example/', '/es///evil.example/app'])
    expect([path, (await httpd.get(path)).headers.location]).toEqual([path, undefined]);
  expect((await httpd.get('/es//app/start.html')).headers.location).toBe('/app/start.html');
});

test('a site of another application is left alone', async ({ httpd, provider }) => {
  speak(httpd, provider, TWO, 'FallbackResource /app.html');
  httpd.site.write('app.html', 'The app.');
  await httpd.start();
  for (const path of ['/es/shop', '/es/shop/', '/shop'])
    expect([path, (await httpd.get(path)).text]).toEqual([path, 'The app.']);
  expect(spoken(await httpd.get('/es/page'))).toBe('es');
});

test('an error page is in the language before the path', async ({ httpd, provider }) => {
  speak(httpd, provider, TWO, 'ErrorDocument 404 /error.ai');
  httpd.site.write('error.ai', 'Not found.');
  await httpd.start();
  const result = await httpd.get('/es/nothing', accept('en'));
  expect([result.status, spoken(result), result.headers.link]).toEqual([404, 'es', undefined]);
});

describe('every rule for the page holds behind a language', () => {
  test('<Files>, <Location> and .htaccess that refuse it', async ({ httpd, provider }) => {
    speak(httpd, provider, TWO);
    httpd.config.section('Files', 'closed.ai', 'Require all denied');
    httpd.config.section('Location', '/shut', 'Require all denied');
    for (const page of ['closed.ai', 'shut/page.ai', 'staff/page.ai']) {
      httpd.site.write(page, 'Secret.');
    }
    httpd.site.write('staff/.htaccess', 'Require ip 192.0.2.1');
    await httpd.start();
    httpd.log.expect(/AH01630: client denied by server configuration/);
    for (const path of ['/closed', '/closed.ai', '/shut/page', '/staff/page', '/staff/'])
      expect([path, (await httpd.get(`/es${path}`)).status]).toEqual([path, 403]);
    expect(provider.received).toBe(0);
  });

  test('Basic authentication, once for each request', async ({ httpd, provider }) => {
    const digest = createHash('sha1').update('secret').digest('base64');
    const users = httpd.conf.write('users', `ann:{SHA}${digest}\n`);
    httpd.config.modules('auth_basic', 'authn_file', 'authz_user');
    speak(httpd, provider, TWO);
    httpd.config.section(
      ...([
        'Directory',
        httpd.site.path('staff'),
        'AuthType Basic',
        'AuthName "The staff"',
      ] as const),
      ...[`AuthUserFile ${quote(users)}`, 'Require valid-user'],
    );
    httpd.site.write('staff/page.ai', 'Secret.');
    httpd.site.write('staff/plan.txt', 'The plan.');
    await httpd.start();
    httpd.log.expect(/AH01617: user ann: authentication failure/);
    const as = (password: string) => ({
      headers: { Authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` },
    });
    for (const path of ['/es/staff/page', '/es/staff/plan.txt', '/es/staff/']) {
      const refused = await httpd.get(path);
      expect(refused.status).toBe(401);
      expect(refused.headers['www-authenticate']).toContain('The staff');
    }
    expect(provider.received).toBe(0);
    expect((await httpd.get('/es/staff/page', as('wrong'))).status).toBe(401);
    expect(httpd.log.matching(/AH01617/)).toHaveLength(1);
    expect(spoken(await httpd.get('/es/staff/page', as('secret')))).toBe('es');
    expect((await httpd.get('/es/staff/plan.txt', as('secret'))).text).toBe('The plan.');
    expect((await httpd.get('/es/staff/page')).status).toBe(401);
  });

  test('conditions on the environment that its own folder sets', async ({ httpd, provider }) => {
    speak(httpd, provider, TWO);
    httpd.config.section(
      ...(['Directory', httpd.site.path('well'), 'SetEnvIf User-Agent Bad bad'] as const),
      ...['<RequireAll>', 'Require all granted', 'Require not env bad', '</RequireAll>'],
    );
    httpd.site.write('well/page.ai', 'Behaved.');
    await httpd.start();
    httpd.log.expect(/AH01630/);
    expect((await httpd.get('/es/well/page', { headers: { 'User-Agent': 'Bad' } })).status).toBe(
      403,
    );
    expect((await httpd.get('/es/well/page')).status).toBe(200);
  });

  test('MuseAiEnable, and the protection of prompts', async ({ httpd, provider }) => {
    speak(httpd, provider, TWO);
    httpd.site.write('off/page.ai', 'A prompt.');
    httpd.site.write('off/.htaccess', 'MuseAiEnable Off');
    await httpd.start();
    expect((await httpd.get('/es/off/page.ai')).status).toBe(403);
    expect((await httpd.get('/es/off/page')).status).toBe(404);
  });
});

test('what mod_rewrite says of a path holds behind a language, too', async ({
  httpd,
  provider,
}) => {
  httpd.config.modules('rewrite');
  speak(httpd, provider, TWO);
  for (const name of ['secret', 'closed']) httpd.site.write(`${name}.ai`, 'Not for all.');
  httpd.config.lines(
    'RewriteEngine On',
    'RewriteRule ^/about/(\\w+)$ /page?topic=$1 [PT,QSA]',
    'RewriteRule ^/plain$ /page.ai',
    // What only looks for a file is not asked.
    'RewriteRule ^/secret - [F,NS]',
    'RewriteRule ^/closed - [F]',
  );
  await httpd.start();
  for (const path of ['/about/roses', '/about/roses?x=1', '/plain', '/page']) {
    const there = (await httpd.get(path)).headers.link ?? '';
    expect(there).toContain(`${httpd.url}/es${path}>`);
    const result = await httpd.get(`/es${path}`);
    expect([path, result.status, spoken(result)]).toEqual([path, 200, 'es']);
  }
  expect((await httpd.get('/secret')).status).toBe(403);
  expect((await httpd.get('/es/secret')).status).toBe(403);
  expect((await httpd.get('/es/closed')).status).toBe(404);
});
