import { createServer } from 'node:http';
import { describe, expect } from 'vitest';
import { enablePages, findFreePort, type Httpd, test, waitUntil } from '../harness/index.ts';
import { Gate, hold, type ScriptedProvider, say, stream, text } from '../provider/index.ts';
import { countPages, isHit } from '../server/counted-pages.ts';
import { folderWith, muse, museJson, openMuse } from './muse.ts';

function prepare(httpd: Httpd, provider: ScriptedProvider, ...lines: readonly string[]): void {
  enablePages(httpd, provider, 'DirectoryIndex index.ai', ...lines);
  countPages(provider);
  httpd.config.modules('dir');
  httpd.config.section('Location', '/muse-purge', 'SetHandler muse-ai-purge', 'Require local');
  httpd.site.write('a.ai', 'Write about ants.');
  httpd.site.write('garden/index.ai', 'Write about gardens.');
  httpd.site.write('garden/old roses.ai', 'Write about {{ query.n }} roses.');
}

/** The environment in which the test's httpd is the server. */
const at = (httpd: Httpd) => ({ env: { MUSE_SERVER: httpd.url } });

describe('muse warm', () => {
  test('has each page of a folder written once, and visitors find it', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    const { status, err, json } = await museJson(['warm', httpd.site.root], at(httpd));
    expect([status, err]).toEqual([0, '']);
    expect(json).toMatchObject({ written: 3, present: 0, notKept: 0, failed: 0 });
    expect(json.pages).toMatchObject([
      { url: `${httpd.url}/a`, outcome: 'written', status: 200, ms: expect.any(Number) },
      { url: `${httpd.url}/garden/`, outcome: 'written' },
      { url: `${httpd.url}/garden/old%20roses`, outcome: 'written' },
    ]);
    for (const path of ['/a', '/garden/', '/garden/old%20roses']) {
      expect(isHit(await httpd.get(path)), path).toBe(true);
    }
    expect(provider.received).toBe(3);
    const again = await muse(['warm', httpd.site.root, '-c', '1'], at(httpd));
    expect(again.out).toContain(`${httpd.url}/a: was there\n`);
    expect(again.out).toMatch(/0 written, 3 were there, 0 not kept, 0 failed\n$/);
  });

  test('asks for pages in the languages that are named', async ({ httpd, provider }) => {
    prepare(httpd, provider, 'MuseAiLanguages en es');
    await httpd.start();
    const { json } = await museJson(['warm', `${httpd.url}/a`, '-l', 'es', '-l', 'en'], at(httpd));
    expect(json.pages.map(({ url }: { url: string }) => url.slice(httpd.url.length))).toEqual([
      '/es/a',
      '/en/a',
    ]);
    expect(json).toMatchObject({ written: 2 });
    expect(isHit(await httpd.get('/a', { headers: { 'Accept-Language': 'es' } }))).toBe(true);
  });

  test('takes the folder’s own URL, single URLs, and headers', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    const folder = httpd.site.path('garden');
    const args = [
      'warm',
      folder,
      `${httpd.url}/garden/old%20roses?n=7`,
      '--url',
      `${httpd.url}/garden`,
    ];
    const { json } = await museJson([...args, '-H', 'X-Garden=Kew']);
    expect(json.pages.map(({ url }: { url: string }) => url.slice(httpd.url.length))).toEqual([
      '/garden/',
      '/garden/old%20roses',
      '/garden/old%20roses?n=7',
    ]);
    expect(provider.received).toBe(3);
  });

  test('tells of pages that fail, and goes on', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    httpd.site.write('b.ai', '{{ wrong }}');
    await httpd.start();
    const { status, out, err } = await muse(['warm', httpd.site.root], at(httpd));
    expect(status).toBe(1);
    expect(err).toBe(`error: ${httpd.url}/b: the status 500; httpd’s error log says why\n`);
    expect(out).toMatch(/3 written, 0 were there, 0 not kept, 1 failed\n$/);
    httpd.log.expect(225);
  });

  test('waits where the server limits its clients', async ({ httpd, provider }) => {
    prepare(httpd, provider, 'MuseAiRateLimitRPM 120', 'MuseAiRateLimitBurstSize 1');
    await httpd.start();
    const { status, json } = await museJson(['warm', httpd.site.root], at(httpd));
    expect([status, json.written]).toEqual([0, 3]);
    httpd.log.allow(32);
  });

  test('has no more pages written at a time than it is told', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    const gate = new Gate();
    provider.script('scripted', say(['<!doctype html>', '<p>A page.'], { gate }));
    await httpd.start();
    const call = openMuse(['warm', httpd.site.root, '-c', '2'], at(httpd));
    await gate.arrived(2);
    // Whoever is asked third would be asked by now, if anybody was.
    expect((await muse(['--version'])).status).toBe(0);
    expect(provider.received).toBe(2);
    gate.open();
    expect(await call.ended).toBe(0);
    expect(provider.received).toBe(3);
  });

  test('Ctrl-C ends what is being written', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    provider.script('scripted', stream([text('<!doctype html><p>Once'), hold(new Gate())]));
    await httpd.start();
    const call = openMuse(['warm', httpd.site.root, '-c', '1'], at(httpd));
    const request = await provider.request(0);
    call.interrupt();
    expect(await call.ended).toBe(130);
    expect(await request.settled).toBe('aborted');
  });
});

describe('muse purge', () => {
  test('by path, file, folder and URL', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    const warm = () => muse(['warm', httpd.site.root], at(httpd));
    await warm();
    const purged = async (...args: readonly string[]) => {
      const { status, json } = await museJson(['purge', ...args], at(httpd));
      expect(status).toBe(0);
      return json;
    };
    expect(await purged('/a')).toEqual({ purged: 1, pages: [{ page: '/a', purged: 1 }] });
    expect(await purged('/a')).toEqual({ purged: 0, pages: [{ page: '/a', purged: 0 }] });
    const file = httpd.site.path('garden', 'index.ai');
    expect(await purged(file)).toMatchObject({ purged: 1, pages: [{ page: file }] });
    expect(await purged(`${httpd.url}/garden/old%20roses?n=1`)).toMatchObject({ purged: 1 });
    expect(provider.received).toBe(3);
    await warm();
    expect(provider.received).toBe(6);
    expect(await purged(httpd.site.path('garden'), '/a')).toMatchObject({ purged: 3 });
    await warm();
    expect(provider.received).toBe(9);
  });

  test('all pages', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/a');
    const { status, out } = await muse(['purge', '--all'], at(httpd));
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/^all pages: purged \(\d+ entries\)\n$/),
    ]);
    await httpd.get('/a');
    expect(provider.received).toBe(2);
  });

  test('by way of a link to the site', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await httpd.get('/a');
    const link = httpd.conf.link('current', httpd.site.root);
    expect((await museJson(['purge', `${link}/a.ai`], at(httpd))).json.purged).toBe(1);
  });

  test('what can’t be purged is told, with what to do', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    httpd.config.section('Location', '/closed', 'SetHandler muse-ai-purge', 'Require all denied');
    await httpd.start();
    const trouble = async (...args: readonly string[]) => {
      const { status, out, err } = await muse(['purge', ...args], at(httpd));
      expect([status, out]).toEqual([1, '']);
      return err;
    };
    expect(await trouble('/nothing')).toContain('There is no page at this path.');
    expect(await trouble('nothing')).toContain('the path of a URL begins with "/"');
    expect(await trouble('--all', '--url', `${httpd.url}/closed`)).toContain('see "Require"');
    expect(await trouble('--all', '--url', `${httpd.url}/a`)).toContain('SetHandler muse-ai-purge');
    const nobody = `http://user:secret@127.0.0.1:${await findFreePort()}/muse-purge`;
    const unreachable = await trouble('--all', '--url', nobody);
    expect(unreachable).toContain("can't be reached");
    expect(unreachable).not.toContain('secret');
    httpd.log.expect(/AH01630/);
  });
});

describe('muse status', () => {
  const watch = (httpd: Httpd) =>
    httpd.config.section('Location', '/muse-metrics', 'SetHandler muse-ai-metrics');

  test('shows what a server tells', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    watch(httpd);
    await httpd.start();
    await httpd.enginesReady();
    for (let i = 0; i < 3; i++) await httpd.get('/a');
    const { json } = await waitUntil('the engine’s report', async () => {
      const told = await museJson(['status'], at(httpd));
      return told.json.requests.total === 3 && told.json.endpoints.length > 0 && told;
    });
    expect(json).toMatchObject({ status: 'ok', requests: { hit: 2, miss: 1 } });
    const { status, out, err } = await muse(['status'], at(httpd));
    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(/^mod_muse_ai 0\.1\.0 is ok, up for 0\.0 hours\n/);
    expect(out).toMatch(/^requests +3 total, 2 hit, .*1 miss/m);
    expect(out).toMatch(/^cache +\d+ entries, 0\.\d of 6\d\.\d MB$/m);
    expect(out).toMatch(/^engine 0 +ready, 0 under way, 0 restarts$/m);
    expect(out).toContain(provider.url);
    expect(out).not.toContain('a-test-key');
  });

  test('shows budgets, and fails where one is used up', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    watch(httpd);
    httpd.config.lines('MuseAiBudget 0 tokens');
    await httpd.start();
    await httpd.enginesReady();
    expect((await httpd.get('/a')).status).toBe(503);
    const { status, out } = await muse(['status'], at(httpd));
    expect(status).toBe(1);
    expect(out).toMatch(/^ {2}a budget is used up for today/m);
    expect(out).toMatch(/^budget of all pages +0 of 0 tokens today, used up$/m);
    httpd.log.expect(293);
  });

  test('fails where something is wrong', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    watch(httpd);
    await httpd.start();
    await httpd.enginesReady();
    const engine = await httpd.engine();
    await engine.freeze();
    const { out } = await waitUntil('the engine to be missed', async () => {
      const told = await muse(['status'], at(httpd));
      return told.status === 1 && told;
    });
    expect(out).toMatch(/^mod_muse_ai 0\.1\.0 is down, .+\n {2}\S.*engine/);
    engine.thaw();
  });

  test('says so where the place is another one', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    const { status, err } = await muse(['status', '--url', `${httpd.url}/a`]);
    expect([status, err]).toEqual([1, expect.stringContaining('SetHandler muse-ai-metrics')]);
    httpd.site.write('other.json', '{"hello": "world"}');
    httpd.config.modules('mime').lines('AddType application/json .json');
    await httpd.graceful();
    const other = await muse(['status', '--url', `${httpd.url}/other.json`]);
    expect(other.err).toContain('another version');
  });
});

test('a server that wants a name and a password gets them', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"purged":0}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cwd = folderWith({});
  const { status, out, err } = await muse(
    ['purge', '--all', '--url', `http://admin:p%40ss@127.0.0.1:${port}/x`],
    { cwd },
  );
  server.close();
  expect([status, err]).toEqual([0, '']);
  expect(seen).toEqual([`Basic ${Buffer.from('admin:p@ss').toString('base64')}`]);
  expect(out).not.toContain('p@ss');
});
