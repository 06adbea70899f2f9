/** Directives about calls to providers, for models that say nothing themselves. */
import { createServer, type Socket } from 'node:net';
import { describe, expect } from 'vitest';
import { type Httpd, test, waitUntil } from '../harness/index.ts';
import {
  fail,
  finish,
  Gate,
  hold,
  type ScriptedProvider,
  say,
  stall,
  startProvider,
  stream,
  text,
} from '../provider/index.ts';
import { enabled, writerOf } from './writer-of.ts';

const model = 'writer';

function configure(httpd: Httpd, ...lines: readonly string[]): void {
  httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
  httpd.config.muse({
    models: { models: [{ name: model }] },
    lines: [...enabled.lines, 'MuseAiCacheEnable Off', ...lines],
  });
}

/** A graceful restart, to the moment in which the engine from before it is gone. */
async function takeOver(httpd: Httpd): Promise<void> {
  const before = await httpd.engine();
  await httpd.graceful();
  await waitUntil('the new engine alone', () => {
    const pids = httpd.engines().map(({ pid }) => pid);
    return pids.length === 1 && pids[0] !== before.pid;
  });
}

const received = (...providers: readonly ScriptedProvider[]) =>
  providers.map((provider) => provider.received);

describe('MuseAiBackendEndpoint', () => {
  test('spreads calls as MuseAiLoadBalanceMethod says, and one that fails is passed over', async ({
    httpd,
    provider,
  }) => {
    await using second = await startProvider();
    await using third = await startProvider();
    const gate = new Gate();
    provider.script(model, stream([hold(gate), text('<p>Late</p>'), finish()]), say('<p>Here</p>'));
    configure(
      httpd,
      'MuseAiApiKey key-of-all',
      `MuseAiBackendEndpoint ${provider.url} ${second.url}`,
      `MuseAiBackendEndpoint ${third.url}`,
      'MuseAiLoadBalanceMethod least_connections',
    );
    await httpd.start();
    const busy = httpd.open('/page?topic=0');
    await provider.request(0);
    for (let i = 1; i <= 4; i += 1) await writerOf(httpd, `/page?topic=${i}`);
    expect(received(provider, second, third)).toEqual([1, 2, 2]);
    const [asked] = third.requests;
    expect(asked?.headers.authorization).toBe('Bearer key-of-all');
    gate.open();
    await busy.done;
    await third.refuse();
    for (let i = 5; i <= 7; i += 1) {
      expect((await httpd.get(`/page?topic=${i}`)).status).toBe(200);
    }
    expect(third.received).toBe(2);
  });

  test('of a virtual host takes the place of the server’s, and its key does not go there', async ({
    httpd,
    provider,
  }) => {
    await using second = await startProvider();
    await using third = await startProvider();
    configure(
      httpd,
      'MuseAiApiKey key-of-main',
      `MuseAiBackendEndpoint ${provider.url} ${second.url}`,
    );
    const host = (name: string, ...lines: string[]) =>
      httpd.config.section(
        'VirtualHost',
        '*',
        ...[`ServerName ${name}.test`, `DocumentRoot "${httpd.site.root}"`, ...lines],
      );
    host('inherits', 'MuseAiMaxRetries 0');
    host('one', `MuseAiEndpoint ${third.url}`);
    host('several', `MuseAiBackendEndpoint ${third.url}`, 'MuseAiApiKey key-of-several');
    await httpd.start();
    const ask = (name: string) => writerOf(httpd, `/page?topic=${name}`, { Host: `${name}.test` });
    for (const name of ['inherits', 'inherits', 'one', 'several']) await ask(name);
    expect(received(provider, second, third)).toEqual([1, 1, 2]);
    expect(third.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer key-of-several',
    ]);
  });

  test('gives way to MUSE_AI_ENDPOINT of the environment', async ({ httpd, provider }) => {
    await using second = await startProvider();
    httpd.env.MUSE_AI_ENDPOINT = provider.url;
    configure(httpd, `MuseAiBackendEndpoint ${second.url}`, 'MuseAiApiKey key-of-second');
    await httpd.start();
    expect(await writerOf(httpd, '/page?topic=a')).toBe(model);
    expect(received(provider, second)).toEqual([1, 0]);
    expect(provider.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('that changes does not serve what another has written', async ({ httpd, provider }) => {
    await using second = await startProvider();
    configure(httpd, 'MuseAiCacheEnable On', `MuseAiBackendEndpoint ${provider.url}`);
    await httpd.start();
    await writerOf(httpd, '/page?topic=a');
    await writerOf(httpd, '/page?topic=a');
    httpd.config.lines(`MuseAiBackendEndpoint ${second.url}`);
    await takeOver(httpd);
    await writerOf(httpd, '/page?topic=a');
    expect(provider.received + second.received).toBe(2);
  });
});

describe('a default for calls', () => {
  test('MuseAiMaxRetries says how often, and a model’s own wins', async ({ httpd, provider }) => {
    const own = { name: 'own', retries: 1 };
    for (const name of [model, 'own']) provider.script(name, fail(500));
    httpd.site.write('page.ai', 'Write.');
    httpd.config.muse({
      models: { models: [{ name: model }, own] },
      lines: [
        ...enabled.lines,
        `MuseAiEndpoint ${provider.url}`,
        ...['MuseAiMaxRetries 0', 'MuseAiRetryDelayMs 1'],
      ],
    });
    await httpd.start();
    httpd.log.expect(/MUSE0243.*"writer"/, /MUSE0243.*"own"/);
    for (const name of [model, 'own']) {
      const { status } = await httpd.get('/page', { headers: { 'X-Muse-Model': name } });
      expect(status).toBe(502);
    }
    expect(provider.requests.map((request) => request.model)).toEqual([model, 'own', 'own']);
  });

  test('MuseAiReadTimeout ends an answer that does not go on', async ({ httpd, provider }) => {
    provider.script(model, stream([text('<!doctype html><p>Once'), stall()]));
    configure(httpd, `MuseAiEndpoint ${provider.url}`, 'MuseAiReadTimeout 1');
    await httpd.start();
    httpd.log.expect(/MUSE0245.*did not go on within 1 s; see timeouts\.idle/);
    const result = await httpd.get('/page?topic=a');
    expect(result.text).toContain('Once');
  });

  test('MuseAiConnectTimeout ends one that gets no connection', async ({ httpd }) => {
    // Takes connections and never begins TLS, which is part of making one.
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const address = silent.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      configure(httpd, `MuseAiEndpoint https://127.0.0.1:${port}/v1`, 'MuseAiConnectTimeout 1');
      await httpd.start();
      httpd.log.expect(/MUSE0245.*took no connection within 1 s; see timeouts\.connect/);
      expect((await httpd.get('/page?topic=a')).status).toBe(504);
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  test('MuseAiPoolMaxConnections lets calls wait, MuseAiPoolConnectionTimeout not for ever', async ({
    httpd,
    provider,
  }) => {
    const gate = new Gate();
    provider.script(model, stream([hold(gate), text('<p>Here</p>'), finish()]), say('<p>Here</p>'));
    configure(
      httpd,
      `MuseAiEndpoint ${provider.url}`,
      'MuseAiPoolMaxConnections 1',
      'MuseAiPoolConnectionTimeout 1',
    );
    await httpd.start();
    const first = httpd.open('/page?topic=1');
    await provider.request(0);
    httpd.log.expect(/MUSE0276: .*none of 1 connections was free within 1 s; see MuseAiPool/);
    const refused = await httpd.get('/page?topic=2');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect(provider.received).toBe(1);
    gate.open();
    expect((await first.done).status).toBe(200);
    expect((await httpd.get('/page?topic=3')).status).toBe(200);
  });

  test('MuseAiPoolEnableKeepAlive Off gives each call a connection of its own', async ({
    httpd,
    provider,
  }) => {
    configure(httpd, `MuseAiEndpoint ${provider.url}`, 'MuseAiPoolEnableKeepAlive Off');
    await httpd.start();
    await writerOf(httpd, '/page?topic=1');
    expect(provider.requests[0]?.headers.connection).toBe('close');
  });
});

describe('models that reason', () => {
  test('are told not to where MuseAiReasoningModelPattern names them', async ({
    httpd,
    provider,
  }) => {
    provider.script('own-R1', (asked) =>
      asked.field('thinking') === undefined ? say('<p>Here</p>') : fail(422),
    );
    httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
    httpd.config.muse({
      models: { models: ['own-R1', 'qwen3', 'plain'].map((name) => ({ name })) },
      lines: [
        ...enabled.lines,
        `MuseAiEndpoint ${provider.url}`,
        'MuseAiReasoningModelPattern own-r1',
      ],
    });
    await httpd.start();
    httpd.log.expect(/:notice\].*MUSE0275: model "own-R1" at \S+ does not take "thinking": false/);
    for (const name of ['own-R1', 'own-R1', 'qwen3', 'plain']) {
      const topic = provider.received;
      const headers = { 'X-Muse-Model': name };
      expect((await httpd.get(`/page?topic=${topic}`, { headers })).status).toBe(200);
    }
    const asked = provider.requests.map((each) => [each.model, each.field('thinking')]);
    expect(asked).toEqual([
      ['own-R1', false],
      ['own-R1', undefined],
      ['own-R1', undefined],
      ['qwen3', false],
      ['plain', undefined],
    ]);
  });

  test('are told so only where that is asked for, and their pages are others', async ({
    httpd,
    provider,
  }) => {
    httpd.site.write('page.ai', 'Write.');
    const off = httpd.config.muse({
      models: { models: [{ name: 'qwen3' }] },
      lines: [...enabled.lines, `MuseAiEndpoint ${provider.url}`],
    });
    await httpd.start();
    for (let i = 0; i < 2; i += 1) await writerOf(httpd, '/page');
    off.lines('MuseAiReasoningDisableThinking On');
    await takeOver(httpd);
    for (let i = 0; i < 2; i += 1) await writerOf(httpd, '/page');
    expect(provider.requests.map((each) => each.field('thinking'))).toEqual([undefined, false]);
  });
});
