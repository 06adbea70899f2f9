/** Graceful restarts that change where virtual hosts have their pages written, and by which key. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { Gate, type ScriptedProvider, say, startProvider } from '../provider/index.ts';
import { writeLateEngine } from './late-engine.ts';
import { Line, postHead } from './line.ts';
import { killed, ready, readyAgain } from './topic-pages.ts';

/** Who writes for each virtual host: a key, of the first provider if it is odd, else of the second. */
type Owners = Readonly<Record<'a' | 'b', number>>;
const before: Owners = { a: 1, b: 2 };
const swapped: Owners = { a: 2, b: 1 };
/** With keys that no engine from before knows. */
const moved: Owners = { a: 4, b: 3 };

interface Place {
  readonly httpd: Httpd;
  readonly first: ScriptedProvider;
  readonly second: ScriptedProvider;
}

/** Three hosts: a and b with an endpoint and a key that change, and one that stays as it is. */
function writeHosts({ httpd, first, second }: Place, owners: Owners, ...lines: string[]): void {
  const host = (name: string, owner: number) =>
    [
      '<VirtualHost *>',
      `ServerName ${name}.test`,
      `DocumentRoot "${httpd.site.root}"`,
      `MuseAiEndpoint ${(owner % 2 ? first : second).url}`,
      `MuseAiApiKey key-${owner}`,
      `Header always set X-Owner ${owner}`,
      ...(name === 'same' ? ['MuseAiMaxRetries 0'] : []),
      '</VirtualHost>',
    ].join('\n');
  const hosts = [host('a', owners.a), host('b', owners.b), host('same', 1)];
  httpd.conf.write('hosts.conf', [...lines, ...hosts].join('\n'));
}

/** httpd with the three hosts as they are before, and all engines that it was told to have. */
async function startPlace(
  httpd: Httpd,
  first: ScriptedProvider,
  { engines = 1 } = {},
): Promise<Place & AsyncDisposable> {
  const second = await startProvider();
  const place = { httpd, first, second };
  first.script(scriptedModel, say('<!doctype html><p>By the odd.'));
  second.script(scriptedModel, say('<!doctype html><p>By the even.'));
  httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
  httpd.site.write('letter.ai', 'A letter to {{ form.name }}.');
  httpd.config.muse({
    models: { models: [{ name: scriptedModel }] },
    lines: ['MuseAiEnable On', 'MuseAiRateLimitEnable Off', 'Include conf/hosts.conf'],
  });
  writeHosts(place, before, `MuseAiEngines ${engines}`);
  await httpd.start();
  await httpd.enginesReady(engines);
  return { ...place, [Symbol.asyncDispose]: () => second.close() };
}

const keysOf = (provider: ScriptedProvider) =>
  new Set(provider.requests.map(({ headers }) => headers.authorization));
const said = (keys: number[]) => new Set(keys.map((key) => `Bearer key-${key}`));

/** Each provider was asked with its own keys only, and with all of these. */
function expectKeys({ first, second }: Place, odd: number[], even: number[]): void {
  expect([keysOf(first), keysOf(second)]).toEqual([said(odd), said(even)]);
}

const headersFor = (host: string) => ({ headers: { Host: `${host}.test` } });

const page = (host: string, topic: string) => `/page?topic=${host}-${topic}`;

/** A page by whom the child that served it has as its host's writer: which key that is. */
async function ownerOf(httpd: Httpd, host: string, topic: string): Promise<number> {
  const result = await httpd.get(page(host, topic), headersFor(host));
  expect([result.status, result.complete], `${host} ${topic}`).toEqual([200, true]);
  const owner = Number(result.headers['x-owner']);
  expect(result.text, `${host} ${topic}`).toContain(owner % 2 ? 'By the odd.' : 'By the even.');
  return owner;
}

async function expectOwners(httpd: Httpd, owners: Owners, topic: string): Promise<void> {
  expect([await ownerOf(httpd, 'a', topic), await ownerOf(httpd, 'b', topic)]).toEqual([
    owners.a,
    owners.b,
  ]);
}

describe('a graceful restart that changes the endpoints and keys of two hosts', () => {
  test('lets an engine from before answer, who knows both, each by its own', async ({
    httpd,
    provider,
  }) => {
    await using place = await startPlace(httpd, provider);
    using late = writeLateEngine(httpd);
    await expectOwners(httpd, before, 'x');
    const old = await httpd.engine();
    writeHosts(place, swapped, late.directive);
    await httpd.graceful();
    for (const topic of ['x', 'y']) await expectOwners(httpd, swapped, topic);
    late.begin();
    await old.gone();
    for (const topic of ['x', 'y', 'z']) await expectOwners(httpd, swapped, topic);
    expectKeys(place, [1], [2]);
  });

  test('has what an engine from before does not know wait for the new one', async ({
    httpd,
    provider,
  }) => {
    httpd.config.lines('LogLevel muse_ai:debug');
    await using place = await startPlace(httpd, provider);
    using late = writeLateEngine(httpd);
    await expectOwners(httpd, before, 'x');
    const old = await httpd.engine();
    const received = () => provider.received + place.second.received;
    const asked = received();
    writeHosts(place, moved, late.directive);
    await httpd.graceful();
    const pages = expectOwners(httpd, moved, 'x');
    const refused = () => httpd.log.matching(94).length;
    await waitUntil(
      'refusals by the engine from before',
      () => refused() > 1 || received() > asked,
    );
    expect(received(), 'asked by the engine from before').toBe(asked);
    expect(await ownerOf(httpd, 'same', 'x'), 'a host that did not change').toBe(1);
    expect(old.running).toBe(true);
    late.begin();
    await pages;
    await old.gone();
    await expectOwners(httpd, moved, 'x');
    expectKeys(place, [1, 3], [2, 4]);
  });

  test('has who was refused at first wait anew when the engine that took the page ends', async ({
    httpd,
    provider,
  }) => {
    httpd.config.lines('LogLevel muse_ai:debug');
    await using place = await startPlace(httpd, provider);
    using late = writeLateEngine(httpd);
    const gate = new Gate();
    const even = '<!doctype html><p>By the even.';
    place.second.script(scriptedModel, say(even, { gate }), say(even));
    writeHosts(place, moved, late.directive);
    const old = await httpd.engine();
    await httpd.graceful();
    const waiting = ownerOf(httpd, 'a', 'x');
    await httpd.log.waitFor(94);
    late.begin();
    await gate.arrived();
    await old.gone();
    // For longer than an engine that fits is waited for.
    await sleep(10_500);
    const isLate = (word: string) => word.endsWith('/late.mjs');
    for (const { pid, command } of httpd.processes()) {
      if (command.some(isLate)) process.kill(pid, 'SIGKILL');
    }
    expect(await waiting).toBe(4);
    httpd.log.expect(killed, readyAgain);
  });

  test('has what came in before it answered as it was meant, by the new engine', async ({
    httpd,
    provider,
  }) => {
    await using place = await startPlace(httpd, provider);
    using line = new Line(httpd);
    line.send(postHead('/letter', 'Host: a.test', 'Content-Length: 8', 'Expect: 100-continue'));
    await line.waitFor(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    await changeAndSettle(place, moved);
    line.send('name=Ann');
    await line.waitFor(/HTTP\/1\.1 200 OK[\s\S]*X-Owner: 1\r[\s\S]*By the odd\./);
    await expectOwners(httpd, moved, 'x');
    expectKeys(place, [1, 3], [4]);
  });

  test('mixes nothing up while visitors ask both', async ({ httpd, provider }) => {
    await using place = await startPlace(httpd, provider);
    let over = false;
    let asked = 0;
    const visitor = async (host: string) => {
      // Each page twice, so that one may come from the cache; and again after a restart.
      for (let i = 0; !over; i += 1) {
        for (let time = 0; time < 2; time += 1) await ownerOf(httpd, host, `${i % 20}`);
        asked += 1;
      }
    };
    const visitors = Promise.all(['a', 'b', 'a', 'b'].map(visitor));
    for (const owners of [swapped, moved, before, moved]) {
      const done = asked;
      await changeAndSettle(place, owners);
      await Promise.race([visitors, waitUntil('visitors to go on', () => asked > done + 20)]);
    }
    over = true;
    await visitors;
    for (let i = 0; i < 20; i += 1) await expectOwners(httpd, moved, `${i}`);
    // What another key of the same provider has paid for need not be asked for again.
    expect([...keysOf(provider)].filter((key) => !said([1, 3]).has(String(key)))).toEqual([]);
    expect([...keysOf(place.second)].filter((key) => !said([2, 4]).has(String(key)))).toEqual([]);
  });

  test('finds the engines that are left, when there are fewer than before', async ({
    httpd,
    provider,
  }) => {
    await using place = await startPlace(httpd, provider);
    using late = writeLateEngine(httpd);
    // Some of them are for engines whose sockets will be gone.
    const lines = Array.from({ length: 8 }, () => new Line(httpd));
    try {
      for (const [i, line] of lines.entries()) {
        const head = ['Host: a.test', 'Content-Length: 8', 'Expect: 100-continue'];
        line.send(postHead(`/letter?of=${i}`, ...head));
        await line.waitFor(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
      }
      writeHosts(place, before, late.directive);
      await httpd.graceful();
      for (const line of lines) line.send('name=Ann');
      for (const line of lines) await line.waitFor(/HTTP\/1\.1 200 OK[\s\S]*By the odd\./);
    } finally {
      for (const line of lines) line[Symbol.dispose]();
    }
  });

  test('is 503, with the reason in the log, when the new engine never comes', async ({
    httpd,
    provider,
  }) => {
    await using place = await startPlace(httpd, provider);
    using late = writeLateEngine(httpd);
    writeHosts(place, moved, late.directive);
    await httpd.graceful();
    const result = await httpd.get(page('a', 'x'), headersFor('a'));
    expect([result.status, result.headers['retry-after']]).toEqual([503, '10']);
    expect(provider.received + place.second.received).toBe(0);
    expect(await ownerOf(httpd, 'same', 'x')).toBe(1);
    httpd.log.expect(93);
  });
});

/** Until only the new engine is there. */
async function changeAndSettle(place: Place, owners: Owners): Promise<void> {
  const { httpd } = place;
  const old = await httpd.engine();
  const mark = httpd.log.mark();
  writeHosts(place, owners);
  await httpd.graceful();
  await httpd.log.waitFor(ready, { mark });
  await old.gone();
}
