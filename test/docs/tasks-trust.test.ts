import { describe, expect } from 'vitest';
import { enablePages, scriptedModel, test } from '../harness/index.ts';
import { say } from '../provider/index.ts';
import { configure, previews, snippet } from './as-documented.ts';

describe('Trust what a model writes', () => {
  const title = 'Trust what a model writes';
  const builtIn = snippet(title, 'text').trim().replace('\n', ' ');

  test('the policy is the one that is shown, or one that says something else', async ({
    httpd,
  }) => {
    httpd.config.muse({ models: previews('first'), lines: ['MuseAiEnable On'] });
    httpd.config.section('Directory', httpd.site.path('plain'), 'MuseAiScripts Off');
    configure(httpd, snippet(title, 'apache').replace('/html"', '/html/pictures"'));
    for (const folder of ['plain', 'pictures']) httpd.site.write(`${folder}/a.ai`, 'Write.');
    await httpd.start();
    const { headers } = await httpd.get('/plain/a');
    expect(headers['content-security-policy']).toBe(builtIn);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    });
    const pictures = await httpd.get('/pictures/a');
    expect(pictures.headers['content-security-policy']).toMatch(
      /img-src 'self' data: +https:\/\/pictures\.example\.com; /,
    );
  });

  test('scripts stay where they are allowed, with their sources in the policy', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    const own = '<script src="/chart.js"></script>';
    provider.script(scriptedModel, say(`<!doctype html><p>x<script>1</script>${own}`));
    configure(httpd, snippet(title, 'apache', 1).replace('/games', '/built-in'));
    configure(httpd, snippet(title, 'apache', 2));
    for (const folder of ['built-in', 'games']) httpd.site.write(`${folder}/a.ai`, 'Write.');
    await httpd.start();
    for (const [folder, policy] of [
      ['built-in', /; script-src 'nonce-[^' ]+'$/],
      ['games', /; script-src 'self' '(?:nonce|sha256)-[^' ]+'; .*; +sandbox allow-scripts allow-/],
    ] as const) {
      const { headers, text } = await httpd.get(`/${folder}/a`);
      expect(text).toMatch(/<script nonce="[^"]+">1<\/script><script src="\/chart\.js">/);
      expect(headers['content-security-policy']).toMatch(policy);
    }
  });
});

describe('Markdown, text and JSON pages', () => {
  const title = 'Markdown, text and JSON pages';

  test('the pages are what they are said to be', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    for (const [index, name] of ['text', 'json', 'rendered'].entries()) {
      httpd.site.write(`${name}.ai`, snippet(title, 'ai', index));
    }
    const json = '{"rivers": [{"name": "Oder", "km": 854}]}';
    provider.script(scriptedModel, say('Amazonas\n'), say(json), say('# Rivers\n\n- Amazonas\n'));
    await httpd.start();
    const rivers = await httpd.get('/text');
    expect(rivers.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(rivers.text).toBe('Amazonas\n');
    expect(JSON.parse((await httpd.get('/json?country=Poland')).text)).toEqual(JSON.parse(json));
    expect(provider.requests[1]?.field('response_format')).toEqual({ type: 'json_object' });
    const rendered = await httpd.get('/rendered');
    expect(rendered.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(rendered.text).toContain('<title>Rivers of Brazil</title>');
    expect(rendered.text).toContain('<li>Amazonas</li>');
  });
});
