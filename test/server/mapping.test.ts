import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import { enablePages, scriptedPage, test, useModel } from '../harness/index.ts';

describe('/page is answered by page.ai', () => {
  test('with the page, and nothing else is', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('deep/er/page.ai', 'Write about the deep sea.');
    await httpd.start();
    for (const path of ['/page', '/page.ai', '/deep/er/page', '/p%61ge', '/page?x=1']) {
      const result = await httpd.get(path);
      expect([path, result.status, result.text]).toEqual([path, 200, scriptedPage]);
    }
    for (const path of ['/pag', '/page.', '/page.html', '/deep/page', '/page.ai.ai', '/.ai']) {
      expect([path, (await httpd.get(path)).status]).toEqual([path, 404]);
    }
  });

  test('unless there is a file or a folder page', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('page', 'A file of its own.');
    httpd.site.write('folder.ai', 'Write about the sea.');
    httpd.site.write('folder/index.html', 'A folder of its own.');
    await httpd.start();
    expect((await httpd.get('/page')).text).toBe('A file of its own.');
    expect((await httpd.get('/page.ai')).text).toBe(scriptedPage);
    expect((await httpd.get('/folder')).status).toBe(301);
    expect((await httpd.get('/folder/')).text).toBe('A folder of its own.');
    expect((await httpd.get('/folder.ai')).text).toBe(scriptedPage);
  });

  test('through an Alias and an AliasMatch', async ({ httpd, provider }) => {
    const shop = httpd.conf.path('shop');
    httpd.conf.write('shop/offer.ai', 'Write an offer.');
    enablePages(httpd, provider);
    httpd.config
      .lines(`Alias /shop ${quote(shop)}`)
      .lines(`AliasMatch ^/sale/([a-z]+)$ ${quote(`${shop}/$1`)}`)
      .section('Directory', shop, 'Require all granted', 'MuseAiEnable On');
    await httpd.start();
    expect((await httpd.get('/shop/offer')).text).toBe(scriptedPage);
    expect((await httpd.get('/sale/offer')).text).toBe(scriptedPage);
    expect((await httpd.get('/sale/nothing')).status).toBe(404);
  });

  test('through a RewriteRule', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
    httpd.config.lines('RewriteEngine On', 'RewriteRule ^/about/(\\w+)$ /page?topic=$1');
    await httpd.start();
    expect((await httpd.get('/about/whales')).text).toBe(scriptedPage);
    expect(provider.requests[0]?.messages.at(-1)?.content).toContain('whales');
  });

  test('as the DirectoryIndex', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.config.lines('DirectoryIndex index.html index.ai');
    httpd.site.write('index.ai', 'Write about the sea.');
    httpd.site.write('static/index.html', 'A plain index.');
    httpd.site.write('static/index.ai', 'Write about the sea.');
    await httpd.start();
    const index = await httpd.get('/');
    expect([index.status, index.text]).toEqual([200, scriptedPage]);
    expect(index.headers['content-type']).toBe('text/html; charset=utf-8');
    expect((await httpd.get('/static/')).text).toBe('A plain index.');
  });
});

describe('every rule for page.ai holds for /page', () => {
  test('<Files> that refuses it', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.config.section('Files', 'page.ai', 'Require all denied');
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    httpd.log.expect(/AH01630: client denied by server configuration: .*\/page\.ai/);
    expect((await httpd.get('/page.ai')).status).toBe(403);
    expect((await httpd.get('/page')).status).toBe(403);
    expect(provider.received).toBe(0);
  });

  test('Basic authentication', async ({ httpd, provider }) => {
    const digest = createHash('sha1').update('secret').digest('base64');
    const users = httpd.conf.write('users', `ann:{SHA}${digest}\n`);
    const rules = [
      ...['AuthType Basic', 'AuthName "The staff"', `AuthUserFile ${quote(users)}`],
      'Require valid-user',
    ];
    httpd.config.modules('auth_basic', 'authn_file', 'authz_user');
    enablePages(httpd, provider);
    httpd.config.section('FilesMatch', '\\.ai$', ...rules);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    httpd.log.expect(/AH01617: user ann: authentication failure for "\/page"/);
    const as = (password: string) => ({
      headers: { Authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` },
    });
    const refused = await httpd.get('/page');
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('The staff');
    expect((await httpd.get('/page', as('wrong'))).status).toBe(401);
    expect(provider.received).toBe(0);
    expect((await httpd.get('/page', as('secret'))).text).toBe(scriptedPage);
    // What is in the cache by now is no more public than it was.
    expect((await httpd.get('/page')).status).toBe(401);
  });

  test('symbolic links, which need FollowSymLinks', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    const outside = httpd.conf.write('outside.ai', 'Write about the sea.');
    httpd.site.link('follow/page.ai', outside);
    httpd.site.link('refuse/page.ai', outside);
    httpd.site.link('owner/page.ai', outside);
    const options = (folder: string, ...lines: string[]) =>
      httpd.config.section('Directory', httpd.site.path(folder), ...lines);
    options('follow', 'Options FollowSymLinks');
    options('refuse', 'Options -FollowSymLinks');
    options('owner', 'Options -FollowSymLinks +SymLinksIfOwnerMatch');
    await httpd.start();
    httpd.log.expect(/AH00037: Symbolic link not allowed.*refuse\/page\.ai/);
    for (const path of ['/follow/page', '/follow/page.ai', '/owner/page', '/owner/page.ai']) {
      expect([path, (await httpd.get(path)).status]).toEqual([path, 200]);
    }
    for (const path of ['/refuse/page', '/refuse/page.ai']) {
      expect([path, (await httpd.get(path)).status]).toEqual([path, 403]);
    }
  });

  test('symbolic links in the path to it', async ({ httpd, provider }) => {
    enablePages(httpd, provider, 'Options -FollowSymLinks');
    httpd.site.write('real/page.ai', 'Write about the sea.');
    httpd.site.link('linked', httpd.site.path('real'));
    await httpd.start();
    httpd.log.expect(/AH00037: Symbolic link not allowed.*linked/);
    expect((await httpd.get('/real/page')).status).toBe(200);
    expect((await httpd.get('/linked/page')).status).toBe(403);
  });
});

describe('where pages are not enabled', () => {
  test('/page is as missing as if the module were not there', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('missing.html', 'It is not here.');
    httpd.config.lines('ErrorDocument 404 /missing.html');
    await httpd.start();
    for (const method of ['GET', 'HEAD', 'POST']) {
      expect((await httpd.get('/page', { method })).status).toBe(404);
    }
    expect((await httpd.get('/page')).text).toBe('It is not here.');
    expect((await httpd.get('/page.ai')).status).toBe(403);
  });

  test('MultiViews still finds the other files of the name', async ({ httpd, provider }) => {
    httpd.config.modules('negotiation');
    useModel(httpd, provider);
    httpd.config.section('Directory', httpd.site.root, 'Options +MultiViews');
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('page.html', '<p>A plain page.');
    await httpd.start();
    const result = await httpd.get('/page', { headers: { Accept: 'text/html' } });
    expect([result.status, result.text]).toEqual([200, '<p>A plain page.']);
    expect(result.headers['content-location']).toBe('page.html');
    expect((await httpd.get('/page?x=1', { headers: { Accept: 'text/html' } })).status).toBe(200);
  });

  test('what is refused for page.ai is no matter for /page', async ({ httpd, provider }) => {
    httpd.config.modules('negotiation');
    useModel(httpd, provider);
    httpd.config
      .section('Directory', httpd.site.root, 'Options +MultiViews')
      .section('Files', '*.ai', 'Require all denied');
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('page.html', '<p>A plain page.');
    httpd.site.write('alone.ai', 'Write about the sea.');
    await httpd.start();
    const accept = { headers: { Accept: 'text/html' } };
    httpd.log.allow(/AH01630: client denied by server configuration: .*\.ai$/, /AH00687/);
    expect((await httpd.get('/page', accept)).text).toBe('<p>A plain page.');
    expect((await httpd.get('/alone', accept)).status).not.toBe(200);
  });

  test('FallbackResource answers as ever', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    httpd.config.section('Directory', httpd.site.root, 'FallbackResource /all.html');
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('all.html', 'For all.');
    await httpd.start();
    expect((await httpd.get('/page')).text).toBe('For all.');
    expect((await httpd.get('/nothing')).text).toBe('For all.');
  });

  test('a per-directory RewriteRule sees the name that was asked for', async ({
    httpd,
    provider,
  }) => {
    useModel(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    httpd.site.write('other.html', 'Rewritten.');
    httpd.site.write('.htaccess', 'RewriteEngine On\nRewriteRule ^page$ other.html\n');
    await httpd.start();
    expect((await httpd.get('/page')).text).toBe('Rewritten.');
  });
});

test('a location with a handler of its own keeps it, enabled or not', async ({
  httpd,
  provider,
}) => {
  httpd.config.modules('status');
  enablePages(httpd, provider);
  for (const folder of ['on', 'off']) {
    httpd.site.write(`${folder}/page.ai`, 'Write about the sea.');
    httpd.config.section('Location', `/${folder}/page`, 'SetHandler server-status');
  }
  httpd.config.section('Directory', httpd.site.path('off'), 'MuseAiEnable Off');
  await httpd.start();
  for (const folder of ['on', 'off']) {
    const result = await httpd.get(`/${folder}/page?auto`);
    expect([folder, result.text]).toEqual([folder, expect.stringContaining('ServerMPM: event')]);
  }
});

test('MultiViews does not get in the way of an enabled page', async ({ httpd, provider }) => {
  httpd.config.modules('negotiation');
  enablePages(httpd, provider, 'Options +MultiViews');
  httpd.site.write('page.ai', 'Write about the sea.');
  httpd.site.write('page.html', '<p>A plain page.');
  await httpd.start();
  expect((await httpd.get('/page')).text).toBe(scriptedPage);
  expect((await httpd.get('/page.html')).text).toBe('<p>A plain page.');
});

test('a path that goes on after the page is not found', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'AcceptPathInfo On');
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  for (const path of ['/page.ai/more', '/page.ai/', '/page/more', '/page/']) {
    expect([path, (await httpd.get(path)).status]).toEqual([path, 404]);
  }
  expect(provider.received).toBe(0);
});
