import { EventSource } from 'undici';
import { describe, expect, onTestFinished } from 'vitest';
import { enablePages, type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { fail, say } from '../provider/index.ts';
import { gated, opening, tokens } from './gated-page.ts';
import { killed, readyAgain } from './topic-pages.ts';

/** What a page's script makes of a page: its text, and the names of what happened otherwise. */
function listen(httpd: Httpd, path: string) {
  const source = new EventSource(httpd.url + path);
  onTestFinished(() => source.close());
  const seen = { source, text: '', names: [] as string[] };
  source.addEventListener('chunk', (event) => {
    seen.text += JSON.parse((event as MessageEvent).data).text;
  });
  source.addEventListener('restart', () => {
    seen.text = '';
    seen.names.push('restart');
  });
  for (const name of ['open', 'done', 'error']) {
    source.addEventListener(name, () => seen.names.push(name));
  }
  return seen;
}

describe('a standard EventSource', () => {
  test('has the page as it is written, and stops for good after its end', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    const gate = gated(provider);
    await httpd.start();
    const seen = listen(httpd, '/page');
    gate.release(2);
    await waitUntil('the first piece', () => seen.text.includes('The first piece.'));
    expect(seen.text).not.toContain('The second piece.');
    gate.open();
    await waitUntil('the end', () => seen.names.includes('done'));
    expect(seen.text).toBe(tokens.join(''));
    // It comes back by itself once, is told that there is no more, and gives up.
    await waitUntil('it to close', () => seen.source.readyState === EventSource.CLOSED);
    expect([seen.text, provider.received]).toEqual([tokens.join(''), 1]);
  });

  test('whose engine dies begins again with the page that the next one writes', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    gated(provider).release(2);
    await httpd.start();
    const seen = listen(httpd, '/page');
    await waitUntil('the first piece', () => seen.text.includes('The first piece.'));
    const anew = [opening, '<p>Another page.</p>', '</body></html>'];
    provider.script(scriptedModel, say(anew));
    await (await httpd.engine()).kill();
    await waitUntil('the end', () => seen.names.includes('done'));
    expect(seen.text).toBe(anew.join(''));
    expect(seen.names).toContain('restart');
    httpd.log.expect(/MUSE0041/, killed, readyAgain);
  });

  test('does not come back after an honest status', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('page.ai', 'Write about the sea.');
    provider.script(scriptedModel, fail(401));
    await httpd.start();
    const seen = listen(httpd, '/page');
    await waitUntil('it to close', () => seen.source.readyState === EventSource.CLOSED);
    expect([seen.names, provider.received]).toEqual([['error'], 1]);
    httpd.log.expect(240);
  });
});
