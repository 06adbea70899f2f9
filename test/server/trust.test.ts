import { describe, expect } from 'vitest';
import {
  enablePages,
  type Httpd,
  type Result,
  scriptedModel,
  test,
  waitUntil,
} from '../harness/index.ts';
import { fail, finish, Gate, hold, say, stream, text } from '../provider/index.ts';

const POLICY =
  "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self' data:; media-src 'self' data:; form-action 'self'; base-uri 'none'; " +
  "frame-ancestors 'self'";
const TRUST = ['content-security-policy', 'x-content-type-options', 'referrer-policy'] as const;

const trustOf = ({ headers }: Result) => TRUST.map((name) => headers[name]);
const usual = [POLICY, 'nosniff', 'same-origin'];

async function startWith(httpd: Httpd, ...lines: string[]): Promise<void> {
  httpd.site.write('page.ai', 'Write about the sea.');
  httpd.config.section('Directory', httpd.site.root, ...lines);
  await httpd.start();
}

describe('the headers that tell a browser what a page may do', () => {
  test('go with each page: new, read along, kept, stale and by HEAD', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider, 'MuseAiCacheTTL 1', 'MuseAiCacheStale 600');
    await startWith(httpd);
    const seen = new Set<string | undefined>();
    for (const method of ['HEAD', 'GET', 'GET']) {
      const result = await httpd.get('/page', { method });
      expect(trustOf(result)).toEqual(usual);
      seen.add(result.headers['cache-status']?.split('=')[0]);
    }
    expect(seen.size).toBe(3);
    // The page may be about to be written anew when the test ends, and the provider with it.
    httpd.log.allow(244);
    await waitUntil('a stale page', async () => {
      const result = await httpd.get('/page');
      expect(trustOf(result)).toEqual(usual);
      return result.headers['cache-status']?.includes('ttl=-') || undefined;
    });
  });

  test('go with answers of any type, also instead of an error', async ({ httpd, provider }) => {
    enablePages(httpd, provider, 'MuseAiCacheTTL 1');
    httpd.site.write('text.ai', '---\ncontent_type: text/plain\n---\nWrite.');
    await startWith(httpd);
    expect(trustOf(await httpd.get('/text'))).toEqual(usual);
    provider.script(scriptedModel, fail(401));
    httpd.log.expect(240);
    await waitUntil('a page instead of an error', async () => {
      const result = await httpd.get('/text');
      expect([result.status, ...trustOf(result)]).toEqual([200, ...usual]);
      return result.headers['cache-status']?.includes('fwd-status=502') || undefined;
    });
  });

  test('do not go with errors, nor with what is no page', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('file.html', '<p>Written by hand.');
    await startWith(httpd);
    provider.script(scriptedModel, fail(401));
    httpd.log.expect(240);
    const failed = await httpd.get('/page');
    expect([failed.status, ...trustOf(failed)]).toEqual([502, undefined, undefined, undefined]);
    expect(trustOf(await httpd.get('/file.html'))).toEqual([undefined, undefined, undefined]);
  });

  test('are what the configuration says when a page is served, not when it was written', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    const file = httpd.conf.write('policy.conf', `MuseAiCsp "img-src 'none'"\n`);
    await startWith(httpd, `Include "${file}"`);
    const { headers } = await httpd.get('/page');
    expect(headers['content-security-policy']).toBe("img-src 'none'");
    expect(provider.received).toBe(1);
    httpd.conf.write('policy.conf', `MuseAiCsp "img-src 'self'"\n`);
    await httpd.graceful();
    const kept = await httpd.get('/page');
    expect(kept.headers['cache-status']).toMatch(/hit/);
    expect(kept.headers['content-security-policy']).toBe("img-src 'self'");
    expect(provider.received).toBe(1);
  });

  test('give way to an administrator’s own Header, and to Off', async ({ httpd, provider }) => {
    httpd.config.modules('headers');
    enablePages(httpd, provider);
    for (const name of ['own', 'off', 'without']) httpd.site.write(`${name}.ai`, `Write ${name}.`);
    httpd.config
      .section('Files', 'own.ai', `Header set Content-Security-Policy "img-src *"`)
      .section('Files', 'without.ai', 'Header unset Referrer-Policy')
      .section('Files', 'off.ai', 'MuseAiCsp Off');
    await startWith(httpd);
    for (let round = 0; round < 2; round += 1) {
      expect(trustOf(await httpd.get('/own'))).toEqual(['img-src *', 'nosniff', 'same-origin']);
      expect(trustOf(await httpd.get('/without'))).toEqual([POLICY, 'nosniff', undefined]);
      expect(trustOf(await httpd.get('/off'))).toEqual([undefined, 'nosniff', 'same-origin']);
    }
  });

  test('go with a 304, so that what a browser has follows the configuration', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    await startWith(httpd);
    await httpd.get('/page');
    const { headers } = await httpd.get('/page');
    const known = await httpd.get('/page', { headers: { 'If-None-Match': headers.etag ?? '' } });
    expect([known.status, ...trustOf(known)]).toEqual([304, ...usual]);
  });
});

const script = 'document.title = "<b>" + 1';
const withScript = `<!doctype html><title>x</title><script>${script}</script><p onclick="x()">Text</p>`;
// printf '%s' 'document.title = "<b>" + 1' | openssl dgst -sha256 -binary | base64
const hash = 'ZBzpqCP5ZsfGyWTdXUC3pXjpk99b/hyLKg9Z3up0dtk=';

describe('scripts', () => {
  const page = (nonce: string) =>
    `<!doctype html><title>x</title><script nonce="${nonce}">${script}</script><p>Text</p>`;

  test('are taken away where the directory says nothing', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    provider.script(scriptedModel, say(withScript));
    await startWith(httpd);
    for (let round = 0; round < 2; round += 1) {
      const result = await httpd.get('/page');
      expect(result.text).toBe('<!doctype html><title>x</title><p>Text</p>');
      expect(trustOf(result)).toEqual(usual);
    }
  });

  test('run by a nonce while the page is written, by their hashes ever after', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider, 'MuseAiScripts On');
    provider.script(scriptedModel, say(withScript));
    await startWith(httpd);
    const nonces = new Set<string>();
    for (let round = 0; round < 2; round += 1) {
      const first = await httpd.get('/page?cache-bypass=1');
      const nonce = /nonce="([^"]+)"/.exec(first.text)?.[1] ?? '';
      nonces.add(nonce);
      expect(first.text).toBe(page(nonce));
      expect(trustOf(first)[0]).toBe(`${POLICY}; script-src 'nonce-${nonce}'`);
      const kept = await httpd.get('/page');
      expect(kept.headers['cache-status']).toMatch(/hit/);
      expect(kept.text).toBe(page(nonce));
      expect(trustOf(kept)[0]).toBe(`${POLICY}; script-src 'sha256-${hash}'`);
      for (const { headers } of [first, kept]) expect(headers).not.toHaveProperty('muse-scripts');
    }
    expect(nonces.size).toBe(2);
  });

  test('stand in a policy of the administrator’s where that says so', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.site.write('off/page.ai', 'Write.');
    httpd.site.write('plain/page.ai', 'Write.');
    provider.script(scriptedModel, say(withScript));
    const policy = "img-src https:; script-src 'self' {scripts}";
    httpd.config
      .section('Directory', httpd.site.root, `MuseAiCsp "${policy}"`, 'MuseAiScripts On')
      .section('Directory', httpd.site.path('off'), 'MuseAiScripts Off')
      .section('Directory', httpd.site.path('plain'), `MuseAiCsp "script-src 'unsafe-inline'"`);
    await startWith(httpd);
    await httpd.get('/page');
    const csp = async (path: string) => trustOf(await httpd.get(path))[0];
    expect(await csp('/page')).toBe(`img-src https:; script-src 'self' 'sha256-${hash}'`);
    expect(await csp('/off/page')).toBe("img-src https:; script-src 'self' 'none'");
    expect(await csp('/plain/page')).toBe("script-src 'unsafe-inline'");
  });

  test('are an input of a page: two directories never share one, kept or under way', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    // The messages are the same.
    httpd.conf.write('prompts/system_prompt.ai', 'Write pages.');
    for (const folder of ['on', 'off']) httpd.site.write(`${folder}/page.ai`, 'Write.');
    const prompts = `MuseAiPromptsDir "${httpd.conf.path('prompts')}"`;
    httpd.config.section('Directory', httpd.site.path('on'), 'MuseAiScripts On');
    const gate = new Gate();
    const [head = '', rest = ''] = withScript.split(/(?<=<\/title>)/);
    provider.script(scriptedModel, stream([text(head), hold(gate), text(rest), finish()]));
    await startWith(httpd, prompts);
    const [on, off] = [httpd.open('/on/page'), httpd.open('/off/page')];
    await Promise.all([on.waitFor('</title>'), off.waitFor('</title>')]);
    gate.open();
    expect((await on.done).text).toContain('<script nonce=');
    expect((await off.done).text).not.toContain('<script');
    expect(provider.received).toBe(2);
    expect((await httpd.get('/on/page')).text).toContain('<script nonce=');
    expect((await httpd.get('/off/page')).text).not.toContain('<script');
    expect(provider.received).toBe(2);
  });

  test('of an answer that could wait have their nonce or their hashes, too', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('dice.ai', '---\nttl: 0\n---\nWrite.');
    enablePages(httpd, provider, 'MuseAiScripts On');
    provider.script(scriptedModel, say(withScript));
    await startWith(httpd);
    const headers = { Prefer: 'respond-async, wait=20' };
    const unkept = await httpd.get('/dice', { headers });
    const nonce = /nonce="([^"]+)"/.exec(unkept.text)?.[1];
    expect(trustOf(unkept)[0]).toBe(`${POLICY}; script-src 'nonce-${nonce}'`);
    const kept = await httpd.get('/page', { headers });
    expect(trustOf(kept)[0]).toBe(`${POLICY}; script-src 'sha256-${hash}'`);
  });
});
