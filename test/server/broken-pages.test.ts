import { describe, expect } from 'vitest';
import {
  enablePages,
  type Httpd,
  modelsAt,
  type Result,
  scriptedModel,
  sendRaw,
  test,
  waitUntil,
} from '../harness/index.ts';
import {
  cut,
  finish,
  Gate,
  hold,
  raw,
  type ScriptedProvider,
  type Step,
  say,
  stall,
  stream,
  streamError,
  text,
} from '../provider/index.ts';
import { addPages, numbersOf } from './administration.ts';
import { complaints, expectStatic, withErrorDocuments } from './error-answers.ts';

describe('a provider that fails in mid-stream', () => {
  const begun = '<!doctype html><html><body><p>Once upon a time';

  /** Begins a page, waits until the visitor has the beginning, then does `steps`. */
  async function breakOff(httpd: Httpd, provider: ScriptedProvider, model: string, steps: Step[]) {
    const gate = new Gate();
    provider.script(model, stream([text(begun), hold(gate), ...steps]));
    const exchange = httpd.open('/page', { headers: { 'X-Muse-Model': model } });
    await exchange.waitFor('Once upon');
    gate.open();
    return exchange.done;
  }

  function expectBroken(result: Result, what: string): void {
    expect([result.status, result.complete], what).toEqual([200, false]);
    expect(result.text, what).toContain(begun);
    expect(result.text, what).toMatch(/role="alert".*<\/html>\s*$/s);
    expect(result.text.match(/role="alert"/g), what).toHaveLength(1);
  }

  interface Fault {
    readonly steps: Step[];
    readonly log: RegExp;
    readonly model?: string;
  }

  const faults: Readonly<Record<string, Fault>> = {
    'cut off': { steps: [cut()], log: /MUSE0246/ },
    reset: { steps: [cut('reset')], log: /MUSE0246/ },
    'an error object': { steps: [streamError('Overloaded')], log: /MUSE0243.*Overloaded/ },
    'no JSON': { steps: [raw('data: {"choices": [oops\n\n')], log: /MUSE0247/ },
    'no finish_reason': { steps: [text('.')], log: /MUSE0246.*finish_reason/ },
    silence: { steps: [stall()], log: /MUSE0245.*timeouts\.idle/, model: 'impatient' },
  };

  test('ends the page with a notice, aborts the connection, and keeps nothing', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    withErrorDocuments(httpd);
    const models = [scriptedModel, { name: 'impatient', timeouts: { idle: 0.3 } }];
    httpd.config.muse({ models: modelsAt(provider, ...models), lines: ['MuseAiEnable On'] });
    await httpd.start();
    for (const [name, { steps, log, model = scriptedModel }] of Object.entries(faults)) {
      const mark = httpd.log.mark();
      expectBroken(await breakOff(httpd, provider, model, steps), name);
      await httpd.log.waitFor(log, { mark });
      expect(complaints(httpd, mark), name).toHaveLength(1);
      httpd.log.expect(log);
    }
    expect(provider.received).toBe(Object.keys(faults).length);
    provider.script(scriptedModel, say('<!doctype html><p>The end.'));
    expect((await httpd.get('/page')).text).toContain('The end.');
    await expectStatic(httpd);
  });

  test('that counts its tokens in no whole numbers fails nobody, and the engine stays', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', '---\nttl: 0\n---\nWrite.');
    enablePages(httpd, provider);
    addPages(httpd);
    await httpd.start();
    const page = `${begun}</p></body></html>`;
    const usage = raw(
      'data: {"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}\n\n',
    );
    const { pid } = await httpd.engine();
    /** As the engine tells it with each heartbeat. */
    const reported = (calls: number) =>
      waitUntil(`${calls} calls in the engine's report`, async () => {
        const { engines } = await numbersOf(httpd);
        return engines[0]?.in_flight === calls;
      });
    for (let time = 0; time < 3; time += 1) {
      const gate = new Gate();
      provider.script(scriptedModel, stream([text(page), hold(gate), finish(), usage]));
      const exchange = httpd.open('/page');
      await reported(1);
      gate.open();
      const result = await exchange.done;
      expect([result.status, result.complete, result.text]).toEqual([200, true, page]);
      await reported(0);
    }
    expect(httpd.engines()).toMatchObject([{ pid }]);
  });

  test('also when all of it comes at once, before anything was sent', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider);
    await httpd.start();
    const steps = [text(begun), streamError('Overloaded')];
    provider.script(scriptedModel, stream(steps, { together: true }));
    for (let time = 0; time < 10; time += 1) {
      const result = await httpd.get('/page');
      // Nothing may have been written yet when the fault was seen: then there is an honest status.
      if (result.status === 502) continue;
      expectBroken(result, `time ${time}`);
      expect(result.headers['transfer-encoding']).toBe('chunked');
    }
    httpd.log.expect(/MUSE0243.*Overloaded/);
  });

  test('leaves out the last chunk, so that no cache takes the page for whole', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider);
    await httpd.start();
    const gate = new Gate();
    provider.script(scriptedModel, stream([text(begun), hold(gate), cut()]));
    const asked = sendRaw(httpd.port, 'GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await provider.request(0);
    // The first piece has left when the engine has read it; either way it must not look whole.
    await gate.arrived();
    const exchange = httpd.open('/page?other');
    await exchange.waitFor('Once upon');
    gate.open();
    const answer = await asked;
    await exchange.done;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/transfer-encoding: chunked/i);
    expect(answer).toContain('role="alert"');
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/);
    httpd.log.expect(246);
  });

  test('resets the stream of HTTP/2, and the connection goes on', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    httpd.config.modules('http2').lines('Protocols h2c http/1.1');
    enablePages(httpd, provider);
    await httpd.start();
    const gate = new Gate();
    provider.script(scriptedModel, stream([text(begun), hold(gate), cut()]), say('Whole.'));
    const client = httpd.http2();
    const exchange = client.open('/page');
    await exchange.waitFor('Once upon');
    gate.open();
    expectBroken(await exchange.done, 'HTTP/2');
    const again = await client.open('/page').done;
    expect([again.status, again.complete]).toEqual([200, true]);
    await client.close();
    httpd.log.expect(246);
  });

  test('closes what the page was in the middle of, so that the notice is seen', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider);
    await httpd.start();
    const places = {
      '<script>let a = "and': /Once upon[^<]*<div role="alert"/,
      '<style>p { color: and': /<style>p { color: and<\/style>.*role="alert"/s,
      '<!-- a comment and': /Once upon[^<]*<div role="alert"/,
      '<textarea>and': /<textarea>and<\/textarea>.*role="alert"/s,
      '<p title="and': /<p title="and"><\/p>\s*<div role="alert"/,
    };
    for (const [place, closed] of Object.entries(places)) {
      const gate = new Gate();
      provider.script(scriptedModel, stream([text(begun + place), hold(gate), cut()]));
      const exchange = httpd.open('/page');
      await exchange.waitFor('Once upon');
      gate.open();
      const result = await exchange.done;
      expectBroken(result, place);
      expect(result.text, place).toMatch(closed);
    }
    httpd.log.expect(246);
  });

  test('breaks off a page that is not HTML without putting HTML into it', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('data.ai', '---\ncontent_type: text/csv\n---\nWrite.');
    enablePages(httpd, provider);
    await httpd.start();
    const gate = new Gate();
    provider.script(scriptedModel, stream([text('{"once": "upon'), hold(gate), cut()]));
    const exchange = httpd.open('/data');
    await exchange.waitFor('upon');
    gate.open();
    const result = await exchange.done;
    expect(result.complete).toBe(false);
    expect(result.text).not.toContain('<');
    httpd.log.expect(246);
  });
});

describe.each([
  ['length', 252],
  ['content_filter', 253],
] as const)('an answer that ends with finish_reason %s', (reason, number) => {
  const script = say('<!doctype html><p>As far as I got', { finish: reason });

  test('is shown with a notice and logged, and no cache may keep it', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider);
    provider.script(scriptedModel, script);
    await httpd.start();
    for (const time of [1, 2]) {
      const result = await httpd.get('/page');
      expect([result.status, result.complete]).toEqual([200, false]);
      expect(result.text).toMatch(/As far as I got.*role="alert".*<\/html>\s*$/s);
      expect(provider.received).toBe(time);
    }
    await httpd.log.waitFor(number, { count: 2 });
    httpd.log.expect(number);
  });

  test('is sent whole where nothing is cached', async ({ httpd, provider }) => {
    httpd.site.write('page.ai', 'Write.');
    enablePages(httpd, provider, 'MuseAiCacheEnable Off');
    provider.script(scriptedModel, script);
    await httpd.start();
    const result = await httpd.get('/page');
    expect([result.status, result.complete]).toEqual([200, true]);
    expect(result.text).toMatch(/As far as I got.*role="alert".*<\/html>\s*$/s);
    expect(result.headers['cache-control']).toBe('no-store');
    httpd.log.expect(number);
  });
});
