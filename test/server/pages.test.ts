import { describe, expect } from 'vitest';
import { enablePages, scriptedPage, test, useModel } from '../harness/index.ts';

describe('methods', () => {
  test('HEAD never has a page written, and tells about one that is there', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    const cold = await httpd.get('/page', { method: 'HEAD' });
    expect([cold.status, cold.body.length]).toEqual([200, 0]);
    expect(cold.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(cold.headers['content-length']).toBeUndefined();
    const written = await httpd.get('/page');
    expect(written.headers['cache-status']).toBe('muse; fwd=uri-miss; stored');
    const known = await httpd.get('/page', { method: 'HEAD' });
    expect([known.status, known.body.length]).toEqual([200, 0]);
    expect(known.headers['content-length']).toBe(String(written.body.length));
    expect(known.headers['cache-status']).toMatch(/^muse; hit; ttl=\d+$/);
    expect(provider.received).toBe(1);
  });

  test('OPTIONS lists what there is, and everything else is 405', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    const methods = (allow = '') => allow.split(/,\s*/).filter((name) => name !== 'TRACE');
    for (const path of ['/page', '/page.ai']) {
      const options = await httpd.get(path, { method: 'OPTIONS' });
      expect([options.status, options.headers['content-length']]).toEqual([200, '0']);
      expect(methods(options.headers.allow).sort()).toEqual(['GET', 'HEAD', 'OPTIONS']);
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'BREW']) {
        const body = method === 'POST' ? { body: 'topic=sea' } : {};
        const refused = await httpd.get(path, { method, ...body });
        expect([method, refused.status]).toEqual([method, 405]);
        expect(methods(refused.headers.allow).sort()).toEqual(['GET', 'HEAD', 'OPTIONS']);
      }
    }
    expect(provider.received).toBe(0);
  });
});

describe('a page as part of another answer', () => {
  test('is an ErrorDocument with the status of the error, cold and cached', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.config.lines('ErrorDocument 404 /sorry.ai');
    httpd.site.write('sorry.ai', 'Say that it is not here.');
    await httpd.start();
    for (const method of ['GET', 'GET', 'POST', 'HEAD']) {
      const result = await httpd.get('/missing', { method });
      const body = method === 'HEAD' ? '' : scriptedPage;
      expect([method, result.status, result.text]).toEqual([method, 404, body]);
    }
    const known = await httpd.get('/missing', { headers: { 'If-None-Match': '*' } });
    expect(known.status).toBe(404);
    expect((await httpd.get('/sorry')).status).toBe(200);
    expect(provider.received).toBe(1);
  });

  test('is included by mod_include, cold and cached', async ({ httpd, provider }) => {
    httpd.config.modules('include', 'filter');
    enablePages(httpd, provider, 'Options +Includes', 'AddOutputFilter INCLUDES .shtml');
    httpd.site.write('part.ai', 'Write about {{ query.n }}.');
    const include = '<!--#include virtual="/part?n=1" -->';
    httpd.site.write('whole.shtml', `[${include}|${include}]`);
    await httpd.start();
    const result = await httpd.get('/whole.shtml');
    expect([result.status, result.text]).toEqual([200, `[${scriptedPage}|${scriptedPage}]`]);
    expect(provider.received).toBe(1);
  });
});

describe('pages are enabled', () => {
  test('by Directory, Location and Files, each for what it names', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    for (const name of ['directory/a', 'location/a', 'files/a', 'files/b', 'off/a']) {
      httpd.site.write(`${name}.ai`, 'Write about the sea.');
    }
    httpd.config
      .section('Directory', httpd.site.path('directory'), 'MuseAiEnable On')
      .section('Location', '/location', 'MuseAiEnable On')
      .section('Files', 'b.ai', 'MuseAiEnable On');
    await httpd.start();
    for (const path of ['/directory/a', '/directory/a.ai', '/location/a', '/files/b']) {
      expect([path, (await httpd.get(path)).text]).toEqual([path, scriptedPage]);
    }
    for (const [path, status] of [
      ['/files/a', 404],
      ['/files/a.ai', 403],
      ['/off/a', 404],
      ['/off/a.ai', 403],
    ] as const) {
      expect([path, (await httpd.get(path)).status]).toEqual([path, status]);
    }
  });

  test('for a whole server, less a folder that says Off', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    httpd.site.write('a.ai', 'Write about the sea.');
    httpd.site.write('off/a.ai', 'Write about the sea.');
    httpd.config
      .lines('MuseAiEnable On')
      .section('Directory', httpd.site.path('off'), 'MuseAiEnable Off');
    await httpd.start();
    expect((await httpd.get('/a')).text).toBe(scriptedPage);
    expect((await httpd.get('/off/a')).status).toBe(404);
    expect((await httpd.get('/off/a.ai')).status).toBe(403);
  });

  test('by .htaccess where AllowOverride FileInfo lets it', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    const overrides = { fileinfo: 'FileInfo', all: 'All', none: 'None', indexes: 'Indexes' };
    for (const [folder, override] of Object.entries(overrides)) {
      httpd.site.write(`${folder}/a.ai`, 'Write about the sea.');
      httpd.site.write(`${folder}/.htaccess`, 'MuseAiEnable On\n');
      const path = httpd.site.path(folder);
      httpd.config.section('Directory', path, `AllowOverride ${override}`);
    }
    await httpd.start();
    httpd.log.expect(/indexes\/\.htaccess: MuseAiEnable not allowed here/);
    const statuses = Object.keys(overrides).map(async (folder) => [
      folder,
      (await httpd.get(`/${folder}/a`)).status,
      (await httpd.get(`/${folder}/a.ai`)).status,
    ]);
    expect(await Promise.all(statuses)).toEqual([
      ['fileinfo', 200, 200],
      ['all', 200, 200],
      ['none', 404, 403],
      // As for every directive that an .htaccess may not have.
      ['indexes', 500, 500],
    ]);
  });

  test('but not by a handler alone', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    for (const handler of ['muse-ai-handler', 'ai-file-handler']) {
      httpd.site.write(`${handler}/a.ai`, 'Write about the sea.');
      const path = httpd.site.path(handler);
      httpd.config.section('Directory', path, `SetHandler ${handler}`);
    }
    await httpd.start();
    httpd.log.expect(34);
    expect((await httpd.get('/muse-ai-handler/a.ai')).status).toBe(403);
    expect((await httpd.get('/ai-file-handler/a.ai')).status).toBe(403);
    const line = await httpd.log.waitFor(34, { count: 2 });
    expect(line.text).toContain('MuseAiEnable On');
    expect(provider.received).toBe(0);
  });

  test('with the older handler names too', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    for (const handler of ['muse-ai-handler', 'ai-file-handler']) {
      httpd.site.write(`${handler}/a.ai`, 'Write about the sea.');
      httpd.site.write(`${handler}/.htaccess`, `AddHandler ${handler} .ai\n`);
    }
    await httpd.start();
    expect((await httpd.get('/muse-ai-handler/a')).text).toBe(scriptedPage);
    expect((await httpd.get('/ai-file-handler/a.ai')).text).toBe(scriptedPage);
  });
});

describe('the source of a page', () => {
  const prompt = 'Write about the sea.';
  const drawing = '%PDF-1.5\n%\u00b5\u00b5 a drawing';
  const older = '%!PS-Adobe-3.0 EPSF-3.0\na drawing';

  test('is refused unless that is switched off', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    for (const folder of ['default', 'on', 'off']) httpd.site.write(`${folder}/a.ai`, prompt);
    httpd.config
      .section('Directory', httpd.site.path('on'), 'MuseAiProtectSource On')
      .section('Directory', httpd.site.path('off'), 'MuseAiProtectSource Off');
    await httpd.start();
    for (const path of ['/default/a.ai', '/on/a.ai']) {
      const refused = await httpd.get(path);
      expect(refused.status).toBe(403);
      expect(refused.text).not.toContain(prompt);
    }
    const line = await httpd.log.waitFor(30, { count: 2 });
    expect(line.level).toBe('info');
    expect(line.text).toContain('MuseAiProtectSource Off');
    const open = await httpd.get('/off/a.ai');
    expect([open.status, open.text]).toEqual([200, prompt]);
    expect((await httpd.get('/off/a')).status).toBe(404);
  });

  test('is refused in whatever way a file can be asked for', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    httpd.site.write('a.ai', prompt);
    httpd.site.write('LOUD.AI', prompt);
    httpd.site.link('link.ai', httpd.site.path('a.ai'));
    await httpd.start();
    for (const path of ['/a.ai', '/a%2eai', '/./a.ai', '/LOUD.AI', '/link.ai', '/a.ai?x=1']) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const refused = await httpd.get(path, { method });
        expect([path, method, refused.status]).toEqual([path, method, 403]);
      }
    }
    const part = await httpd.get('/a.ai', { headers: { Range: 'bytes=0-4' } });
    expect(part.status).toBe(403);
  });

  test('is not what Adobe Illustrator writes, enabled or not', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    const enabled = httpd.site.path('enabled');
    for (const folder of ['enabled', 'plain']) {
      httpd.site.write(`${folder}/new.ai`, drawing);
      httpd.site.write(`${folder}/old.ai`, older);
      httpd.site.write(`${folder}/near.ai`, '%PD is not how a drawing begins');
    }
    httpd.config.section('Directory', enabled, 'MuseAiEnable On');
    await httpd.start();
    for (const folder of ['enabled', 'plain']) {
      const [first, second] = [`/${folder}/new.ai`, `/${folder}/old.ai`];
      expect(await content(first)).toEqual([200, drawing, 'application/postscript']);
      expect(await content(second)).toEqual([200, older, 'application/postscript']);
      const part = await httpd.get(first, { headers: { Range: 'bytes=0-3' } });
      expect([part.status, part.text]).toEqual([206, '%PDF']);
    }
    expect((await httpd.get('/plain/near.ai')).status).toBe(403);
    expect((await httpd.get('/enabled/near.ai')).text).toBe(scriptedPage);
    expect(provider.received).toBe(1);

    async function content(path: string) {
      const result = await httpd.get(path);
      return [result.status, result.text, result.headers['content-type']];
    }
  });
});
