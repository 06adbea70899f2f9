/** Tasks of the HOWTO that page writers do, done with its own snippets. */
import { describe, expect } from 'vitest';
import { enablePages, modelsAt, test, waitUntil } from '../harness/index.ts';
import { lastPrompt, post } from '../server/form-pages.ts';
import { configure, moved, previews, snippet, withPreviews } from './as-documented.ts';
import { Document, tableRows } from './document.ts';

describe('Give one page settings of its own', () => {
  const title = 'Give one page settings of its own';

  test('the page is written with them', async ({ httpd, provider }) => {
    httpd.config.muse({
      models: modelsAt(provider, { name: 'other' }, { name: 'writer' }),
      lines: ['MuseAiEnable On'],
    });
    httpd.site.write('heron.ai', snippet(title, 'ai'));
    await httpd.start();
    const { headers } = await httpd.get('/heron');
    expect(headers['content-language']).toBe('en');
    expect(headers['cache-control']).toBe('max-age=86400');
    const sent = { model: 'writer', temperature: 0.4, max_tokens: 3000 };
    expect(provider.requests.at(-1)?.body).toMatchObject(sent);
  });

  test('a mistake is told as it is shown', async ({ httpd }) => {
    withPreviews(httpd, 'writer');
    httpd.site.write('heron.ai', snippet(title, 'ai').replace('86400', 'soon'));
    await httpd.start();
    expect((await httpd.get('/heron')).status).toBe(500);
    const told = moved(httpd, snippet(title, 'text').trimEnd());
    httpd.log.expect(224);
    expect((await httpd.log.waitFor(/MUSE0224/)).text).toContain(told);
  });
});

describe('Use what the visitor sends', () => {
  const title = 'Use what the visitor sends';

  test('fields that do not count make no other page', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', snippet(title, 'ai', 1));
    await httpd.start();
    await httpd.get('/page?tree=oak&season=spring&utm_source=mail');
    expect(lastPrompt(provider)).toContain('>oak</visitor-input>');
    expect(lastPrompt(provider)).not.toContain('utm_source');
    await httpd.get('/page?tree=oak&season=spring&gclid=5');
    expect(provider.received).toBe(1);
  });

  test('the variables of its table are those of a template', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    const names = tableRows(new Document('HOWTO.md').section(title).text).map(([name = '']) =>
      name.replaceAll('`', ''),
    );
    httpd.site.write('page.ai', names.map((name) => `${name}: {{ ${name} }}`).join('\n'));
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(200);
    expect(lastPrompt(provider)).toContain('path: <visitor-input name="path">/page<');
  });
});

describe('Take forms', () => {
  const title = 'Take forms';

  test('the letter takes its form in every way', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('letter.ai', snippet(title, 'ai'));
    await httpd.start();
    await httpd.get('/letter');
    expect(lastPrompt(provider)).toContain('a form with the method "post"');
    for (const [, type, body = ''] of snippet(title, 'sh').matchAll(
      /curl (?:-H '[^:]*: (.*?)' )?-d '(.*?)'/g,
    )) {
      await post(httpd, '/letter', body, {
        'Content-Type': type ?? 'application/x-www-form-urlencoded',
      });
      expect(lastPrompt(provider)).toMatch(/letter to <visitor-input name="name">Ann</);
    }
    await post(httpd, '/letter', 'name=Ann&occasion=');
    expect(lastPrompt(provider)).not.toContain('occasion');
    await post(httpd, '/letter', 'name=Ann&wishes=luck&wishes=rest');
    expect(lastPrompt(provider)).toMatch(/- <visitor-input name="wishes">luck<[\s\S]*>rest</u);
    expect(provider.received).toBe(5);
  });

  test('each status of its table is answered', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('letter.ai', snippet(title, 'ai'));
    httpd.site.write('plain.ai', 'Write a page.');
    await httpd.start();
    const json = { 'Content-Type': 'application/json' };
    const statuses = [
      await post(httpd, '/letter', '[]', json),
      await post(httpd, '/plain', 'name=Ann'),
      await post(httpd, '/letter', `name=${'x'.repeat(20_000)}`),
      await post(httpd, '/letter', 'name=Ann', { 'Content-Type': 'text/plain' }),
    ].map(({ status }) => String(status));
    const documented = tableRows(new Document('HOWTO.md').section(title).text)
      .map(([status = '']) => status)
      .filter((status) => /^\d+$/.test(status));
    // 408 takes its time, and has a test of its own.
    expect([...statuses, '408'].sort()).toEqual(documented.sort());
  });

  test('equal forms have one answer where the page says so', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('word.ai', snippet(title, 'ai', 1));
    await httpd.start();
    await post(httpd, '/word', 'word=heron');
    const again = await post(httpd, '/word', '{"word": "heron"}', {
      'Content-Type': 'application/json',
    });
    expect(again.headers['cache-status']).toContain('hit');
    expect(provider.received).toBe(1);
  });

  test('mod_reqtimeout does not hurry what is whole', async ({ httpd }) => {
    withPreviews(httpd, 'first');
    configure(httpd, snippet(title, 'apache'));
    httpd.site.write('letter.ai', snippet(title, 'ai'));
    await httpd.start();
    expect((await post(httpd, '/letter', 'name=Ann')).status).toBe(200);
  });
});

describe('Share text between pages', () => {
  test('the file is included, is seen when it changes, and is no page', async ({ httpd }) => {
    const title = 'Share text between pages';
    httpd.config.muse({ models: previews('first') });
    configure(httpd, snippet(title, 'apache'));
    httpd.site.write('page.ai', snippet(title, 'ai'));
    httpd.site.write('mine.ai', '{% include "_mine" %}');
    httpd.site.write('_mine.ai', 'Write about us.');
    httpd.conf.write('prompts/plain-words.ai', 'Use plain words.');
    httpd.conf.write('prompts/layout.ai', 'One column.');
    await httpd.start();
    expect((await httpd.get('/page')).text).toContain('Use plain words.\nWrite a page');
    httpd.conf.write('prompts/plain-words.ai', 'Use short words.');
    await waitUntil('the page with the new text', async () =>
      (await httpd.get('/page')).text.includes('Use short words.\nWrite a page'),
    );
    expect((await httpd.get('/mine')).text).toContain('Write about us.');
    httpd.log.expect(/AH01630: client denied by server configuration: .*_mine\.ai/);
    expect((await httpd.get('/_mine')).status).toBe(403);
  });
});
