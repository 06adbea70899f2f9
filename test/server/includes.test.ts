import { symlinkSync } from 'node:fs';
import { expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import { enablePages, type Httpd, test, waitUntil } from '../harness/index.ts';
import type { ScriptedProvider } from '../provider/index.ts';
import { addPages, becomes } from './administration.ts';
import { countedPage, countPages } from './counted-pages.ts';
import { lastPrompt } from './form-pages.ts';
import { killed, readyAgain } from './topic-pages.ts';

function prepare(httpd: Httpd, provider: ScriptedProvider): void {
  httpd.conf.write('prompts/system_prompt.ai', 'Write.');
  httpd.conf.write('prompts/tone.ai', 'Be warm.');
  enablePages(httpd, provider, `MuseAiPromptsDir ${quote(httpd.conf.path('prompts'))}`);
  countPages(provider);
  httpd.site.write('page.ai', 'On rivers. {% include "tone" %} {% render "parts/end" %}');
  httpd.site.write('parts/end.ai', 'End with a list.');
}

/** Asks until the model was asked so; whoever asks in between gets the page of before. */
async function shows(httpd: Httpd, provider: ScriptedProvider, prompt: string): Promise<void> {
  await waitUntil(`the prompt ${JSON.stringify(prompt)}`, async () => {
    expect((await httpd.get('/page')).status).toBe(200);
    return lastPrompt(provider) === prompt;
  });
  expect((await httpd.get('/page')).headers['cache-status']).toMatch(/hit|uri-miss/);
}

async function cached(httpd: Httpd): Promise<void> {
  await waitUntil('the page to be cached', async () => {
    const { headers } = await httpd.get('/page');
    return headers['cache-status']?.includes('hit') === true;
  });
}

/** The engine says each change once, past all requests: the line may come after a page made anew. */
async function expectChanges(httpd: Httpd, count: number): Promise<void> {
  await httpd.stop();
  expect(httpd.log.matching(227)).toHaveLength(count);
}

test('a change of what a page includes is seen, though the page is cached', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  await httpd.start();
  await shows(httpd, provider, 'On rivers. Be warm. End with a list.');
  await cached(httpd);
  httpd.conf.write('prompts/tone.ai', 'Be brief.');
  await shows(httpd, provider, 'On rivers. Be brief. End with a list.');
  await cached(httpd);
  httpd.site.replace('parts/end.ai', 'End with a poem.');
  await shows(httpd, provider, 'On rivers. Be brief. End with a poem.');
  await cached(httpd);
  // A nearer file of the name takes its place.
  httpd.site.write('tone.ai', 'Be loud.');
  await shows(httpd, provider, 'On rivers. Be loud. End with a poem.');
  await cached(httpd);
  httpd.site.remove('tone.ai');
  await waitUntil('the former page', async () => {
    const { text } = await httpd.get('/page');
    return text === countedPage(3);
  });
  expect(provider.received).toBe(4);
  await expectChanges(httpd, 4);
});

test('a change while no engine ran, or none was asked since it came back, is seen too', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  await httpd.start();
  await shows(httpd, provider, 'On rivers. Be warm. End with a list.');
  await cached(httpd);
  httpd.log.expect(killed, readyAgain);
  const mark = httpd.log.mark();
  const engine = await httpd.engine();
  httpd.conf.write('prompts/tone.ai', 'Be brief.');
  await engine.kill();
  await httpd.log.waitFor(readyAgain, { mark });
  await shows(httpd, provider, 'On rivers. Be brief. End with a list.');
  await cached(httpd);

  const next = await httpd.engine();
  const later = httpd.log.mark();
  await next.kill();
  await httpd.log.waitFor(readyAgain, { mark: later });
  await cached(httpd);
  httpd.conf.write('prompts/tone.ai', 'Be calm.');
  await shows(httpd, provider, 'On rivers. Be calm. End with a list.');
});

test('a change is seen after a restart also where all pages were purged before it', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  httpd.config.section('Location', '/muse-purge', 'SetHandler muse-ai-purge', 'Require local');
  httpd.site.write('other.ai', 'On lakes. {% include "mood" %}');
  httpd.conf.write('prompts/mood.ai', 'Be calm.');
  await httpd.start();
  await shows(httpd, provider, 'On rivers. Be warm. End with a list.');
  expect((await httpd.get('/muse-purge?all', { method: 'POST' })).status).toBe(200);
  expect((await httpd.get('/other')).status).toBe(200);
  await shows(httpd, provider, 'On rivers. Be warm. End with a list.');
  await cached(httpd);
  httpd.log.expect(killed, readyAgain);
  const mark = httpd.log.mark();
  await (await httpd.engine()).kill();
  await httpd.log.waitFor(readyAgain, { mark });
  httpd.conf.write('prompts/tone.ai', 'Be brief.');
  await shows(httpd, provider, 'On rivers. Be brief. End with a list.');
});

test('a change of what the pages of one engine alone include is seen while any of them is away', async ({
  httpd,
  provider,
}) => {
  prepare(httpd, provider);
  httpd.config.lines('MuseAiEngines 2');
  addPages(httpd);
  await httpd.start();
  await becomes(httpd, 'ok');
  const [writer, other] = httpd.engines();
  // While the other one stands still, it gets no page.
  await other?.freeze();
  await becomes(httpd, 'degraded');
  await shows(httpd, provider, 'On rivers. Be warm. End with a list.');
  other?.thaw();
  await becomes(httpd, 'ok');
  await cached(httpd);
  httpd.log.expect(killed, readyAgain);
  for (const [away, tone] of [
    [writer, 'Be brief.'],
    [other, 'Be calm.'],
  ] as const) {
    const mark = httpd.log.mark();
    await away?.kill();
    httpd.conf.write('prompts/tone.ai', tone);
    await httpd.log.waitFor(readyAgain, { mark });
    await shows(httpd, provider, `On rivers. ${tone} End with a list.`);
    await cached(httpd);
  }
  await expectChanges(httpd, 2);
});

test('what lies outside is refused, with a line that says so', async ({ httpd, provider }) => {
  prepare(httpd, provider);
  httpd.conf.write('secret.ai', 'secret words');
  symlinkSync(httpd.conf.path('secret.ai'), httpd.site.path('link.ai'));
  httpd.site.write('up.ai', '\n{% include "../../conf/secret" %}');
  httpd.site.write('root.ai', `{% include "${httpd.conf.path('secret.ai')}" %}`);
  httpd.site.write('linked.ai', '{% render "link" %}');
  await httpd.start();
  for (const path of ['/up', '/root', '/linked']) {
    const { status, text } = await httpd.get(path);
    expect([path, status, text.includes('secret')]).toEqual([path, 500, false]);
  }
  httpd.log.expect(
    /MUSE0284: .*up\.ai:2: include "\.\.\/\.\.\/conf\/secret": "\.\." leads out/,
    /MUSE0284: .*root\.ai:1: include .*not an absolute path/,
    /MUSE0284: .*linked\.ai:1: render "link": .* is a link that leads out of/,
  );
  expect(httpd.log.text).not.toContain('secret words');
  expect(provider.received).toBe(0);
});
