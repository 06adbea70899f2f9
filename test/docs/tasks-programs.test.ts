/** The task of the HOWTO for programs, done with its own snippets. */
import { runInNewContext } from 'node:vm';
import { EventSource } from 'undici';
import { describe, expect, onTestFinished } from 'vitest';
import { DEFERRED_KEPT, DEFERRED_MOST } from '../../src/deferred/deferred-answers.ts';
import { RECENTLY_ENDED } from '../../src/representations/recently-ended.ts';
import {
  enablePages,
  type Httpd,
  parseEvents,
  scriptedModel,
  scriptedPage,
  test,
  textOf,
  waitUntil,
} from '../harness/index.ts';
import { cut, fail, Gate, hold, say, stream, streamError, text } from '../provider/index.ts';
import { snippet } from './as-documented.ts';
import { Document, plain, tableRows } from './document.ts';

const title = 'Use a page from a program';
const section = new Document('HOWTO.md').section(title);
const rows = tableRows(section.text);

/** Asks as a documented line of curl does. */
function curl(httpd: Httpd, line: string) {
  const path = /http:\/\/localhost(\/\S*)/.exec(line)?.[1];
  if (path === undefined) throw new Error(`no curl of this host: ${line}`);
  const headers = [...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  return httpd.open(path, { headers });
}

/** Runs the documented script as a page of this httpd would, and returns what it shows. */
function runScript(httpd: Httpd) {
  const shown = { text: '', alerts: [] as string[], closed: false };
  class OwnEventSource extends EventSource {
    constructor(path: string) {
      super(httpd.url + path);
      onTestFinished(() => super.close());
    }
    override close(): void {
      shown.closed = true;
      super.close();
    }
  }
  const element = {
    append: (more: string) => {
      shown.text += more;
    },
    replaceChildren: () => {
      shown.text = '';
    },
  };
  runInNewContext(snippet(title, 'js'), {
    EventSource: OwnEventSource,
    document: { querySelector: () => element },
    alert: (message: string) => shown.alerts.push(message),
    JSON,
  });
  return shown;
}

describe('the script of the HOWTO', () => {
  test('shows the page while it is written, and ends', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('heron.ai', 'Write.');
    const gate = new Gate();
    const tokens = ['<!doctype html><html lang="en"><body>', '<p>One.</p>', '</body></html>'];
    provider.script(scriptedModel, say(tokens, { gate }));
    await httpd.start();
    const shown = runScript(httpd);
    gate.release(2);
    await waitUntil('the first piece', () => shown.text.includes('One.'));
    gate.open();
    await waitUntil('the end', () => shown.closed);
    expect(shown.text).toBe(tokens.join(''));
    expect(shown.alerts).toEqual([]);
  });

  test('says why a page broke off', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('heron.ai', 'Write.');
    const gate = new Gate();
    const broken = stream([text('<!doctype html><html><p>One.</p>'), hold(gate), cut()]);
    provider.script(scriptedModel, broken);
    await httpd.start();
    const shown = runScript(httpd);
    await waitUntil('the first piece', () => shown.text.includes('One.'));
    gate.open();
    await waitUntil('what it says', () => shown.alerts.length > 0);
    expect(shown.alerts).toEqual([expect.stringContaining('has a problem')]);
    httpd.log.expect(246);
  });
});

describe('what curl is told', () => {
  test('as events, with the data that is documented', async ({ httpd, provider }) => {
    const model = { name: scriptedModel, endpoint: provider.url, stream_usage: true };
    httpd.config.muse({ models: { models: [model] }, lines: ['MuseAiEnable On'] });
    httpd.site.write('heron.ai', 'Write.');
    await httpd.start();
    const result = await curl(httpd, snippet(title, 'sh')).done;
    const documented = new Map(
      rows
        .filter(([, data]) => data?.startsWith('`{'))
        .map(([name, data]) => [plain(name), JSON.parse(plain(data))]),
    );
    expect([...documented.keys()]).toEqual(['chunk', 'done', 'error', 'restart']);
    for (const { event, data } of parseEvents(result.text)) {
      expect([event, shapeOf(data)]).toEqual([event, shapeOf(documented.get(event))]);
    }
    provider.script(scriptedModel, stream([text('<!doctype html><p>One'), streamError()]));
    const broken = (
      await httpd.get('/heron?cache-bypass=1', { headers: { Accept: 'text/event-stream' } })
    ).text;
    const told = parseEvents(broken).find(({ event }) => event === 'error');
    const { retry_after: _, ...always } = documented.get('error');
    expect(shapeOf(told?.data)).toEqual(shapeOf(always));
    httpd.log.expect(243);
  });

  test('when the answer can wait', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('heron.ai', 'Write.');
    const gate = new Gate();
    provider.script(scriptedModel, say(scriptedPage, { gate }), fail(500));
    await httpd.start();
    const away = await curl(httpd, snippet(title, 'sh', 1)).done;
    expect(away.status).toBe(202);
    const { location = '' } = away.headers;
    expect(location).toMatch(/^\/heron\?muse-job=0-/);
    expect(JSON.parse(away.text)).toEqual({ status: 'writing', location });
    expect((await httpd.get(location)).status).toBe(202);
    gate.open();
    const wait = { headers: { Prefer: 'wait=10' } };
    expect((await httpd.get(location, wait)).text).toBe(scriptedPage);
    const events = { headers: { Accept: 'text/event-stream' } };
    expect(textOf((await httpd.get(location, events)).text)).toBe(scriptedPage);
    expect((await curl(httpd, snippet(title, 'sh', 1)).done).text).toBe(scriptedPage);
    expect((await httpd.get('/heron?muse-job=unknown')).status).toBe(404);
  });
});

test('the limits that it names are those in force', () => {
  const words = section.text.replace(/\s+/g, ' ');
  const megabytes = (bytes: number) => bytes / 1_048_576;
  expect(words).toContain(`for ${RECENTLY_ENDED.ms / 1_000} seconds after its end`);
  expect(words).toContain(
    `up to ${RECENTLY_ENDED.number} pages and ${megabytes(RECENTLY_ENDED.bytes)} MB`,
  );
  expect(words).toContain(`known for ${DEFERRED_KEPT.ms / 60_000} minutes after its end`);
  expect(words).toContain(`up to ${megabytes(DEFERRED_KEPT.bytes)} MB of others`);
  expect(words).toContain(`up to ${DEFERRED_MOST} deferred answers`);
});

/** Names and kinds of what JSON has, in order of their names. */
function shapeOf(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return typeof data;
  const entries = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, value]) => [name, shapeOf(value)]);
}
