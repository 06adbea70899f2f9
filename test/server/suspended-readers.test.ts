import { expect } from 'vitest';
import { expectMemory } from '../harness/expect-memory.ts';
import { enablePages, type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { Gate, type ScriptedProvider, say } from '../provider/index.ts';
import { anonymousBytes, enableStatus, fewThreads, readScoreboard } from './few-threads.ts';
import { opening, tokens } from './gated-page.ts';
import { SlowReader } from './slow-reader.ts';

const pieces = 64;
const piece = `<p>${'x'.repeat(16 * 1024 - 7)}</p>`;
const megabyte = [opening, ...Array.from({ length: pieces }, () => piece), '</body></html>'];

test('a slow reader of a large page gets all of it', async ({ httpd, provider }) => {
  await serve(httpd, provider, 4);
  const reader = new SlowReader(httpd.port, '/page?n=slow');
  await reader.sip(5, 500);
  expect(reader.taken).toContain(opening);
  expect(unchunk(await reader.finish())).toBe(megabyte.join(''));
});

test('200 slow readers on 16 threads hold up nobody and fill no memory', async ({
  httpd,
  provider,
}) => {
  enableStatus(httpd);
  httpd.site.write('static.txt', 'static');
  await serve(httpd, provider, 16);
  expect((await httpd.get('/static.txt')).text).toBe('static');
  const before = anonymousBytes(httpd);
  const readers = Array.from({ length: 200 }, (_, n) => new SlowReader(httpd.port, `/page?n=${n}`));
  const patience = { timeoutMs: 60_000 };
  await waitUntil(
    () => `all to be written, not only ${provider.received}`,
    () => provider.received >= readers.length,
    patience,
  );
  await Promise.all(readers.map((reader) => reader.sip(3, 300)));
  expect((await httpd.get('/static.txt')).text).toBe('static');
  await waitUntil('one busy thread', async () => (await readScoreboard(httpd)) === 'W');
  const gate = new Gate();
  provider.script(scriptedModel, say(tokens, { gate }));
  const other = httpd.open('/page?n=other');
  gate.release(2);
  await other.waitFor('The first piece.');
  gate.open();
  expect((await other.done).text).toBe(tokens.join(''));
  // What they don't take stays with the engine: the pages together are 200 MB.
  expectMemory(anonymousBytes(httpd) - before, 50e6);
  for (const reader of readers.splice(1)) reader.leave();
  expect(unchunk((await readers[0]?.finish()) ?? '')).toBe(megabyte.join(''));
}, 120_000);

test('who takes nothing more is let go after Timeout', async ({ httpd, provider }) => {
  httpd.config.lines('Timeout 2');
  await serve(httpd, provider, 4);
  const reader = new SlowReader(httpd.port, '/page?n=stopped');
  await httpd.log.waitFor(51);
  await waitUntil('the engine to be told', () => httpd.engineConnections().length === 0);
  expect((await reader.finish()).endsWith('0\r\n\r\n')).toBe(false);
  httpd.log.expect(51);
});

async function serve(httpd: Httpd, provider: ScriptedProvider, threads: number): Promise<void> {
  fewThreads(httpd, threads, 'SendBufferSize 16384');
  enablePages(httpd, provider, 'MuseAiCacheEnable Off');
  provider.script(scriptedModel, say(megabyte));
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  await httpd.start();
}

/** The body of an answer in chunks. */
function unchunk(answer: string): string {
  let rest = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  let body = '';
  for (;;) {
    const line = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, line), 16);
    if (!(size > 0)) return body;
    body += rest.slice(line + 2, line + 2 + size);
    rest = rest.slice(line + 2 + size + 2);
  }
}
