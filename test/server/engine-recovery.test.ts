import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { type Exchange, type Httpd, modelsAt, scriptedModel, test } from '../harness/index.ts';
import { Gate, type ScriptedProvider, say } from '../provider/index.ts';
import { addPages, becomes } from './administration.ts';
import { tokens } from './gated-page.ts';
import { writeLateEngine } from './late-engine.ts';
import { expectPage, killed, prepare, ready, readyAgain } from './topic-pages.ts';

const still = /MUSE0103: engine 0 has not moved for 30 s:/;
const neverReady = /MUSE0103: engine 0 has not moved for 60 s and was not ready yet:/;

describe('an engine that comes back', () => {
  test('is waited for also when it was killed again and again after it had served', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    for (let time = 1; time <= 5; time += 1) {
      await httpd.log.waitFor(ready, { count: time });
      await (await httpd.engine()).kill();
      await httpd.log.waitFor(/MUSE0022/, { count: time });
    }
    // It was ready each time, so that the next one will be, too: no reason to send anybody away.
    await expectPage(httpd, 'asked-meanwhile', 'fwd');
    httpd.log.expect(killed, readyAgain);
  });

  test('goes on with what the provider sent while it was stopped, longer than its timers', async ({
    httpd,
    provider,
  }) => {
    const gates = await startGated(httpd, provider, { first: 3, idle: 3 });
    const begun = httpd.open('/page?topic=begun');
    await gates[0].arrived();
    gates[0].release(2);
    await begun.waitFor('The first piece.');
    const waiting = httpd.open('/page?topic=waiting');
    await gates[1].arrived();
    const engine = await httpd.engine();
    await engine.freeze();
    for (const gate of gates) gate.open();
    await Promise.all(provider.requests.map(({ settled }) => settled));
    // Its timers are to end in the meantime.
    await sleep(3_500);
    engine.thaw();
    for (const exchange of [begun, waiting]) await expectTokens(exchange);
  });

  test('is waited for anew by those who had waited for long for a page of the one before', async ({
    httpd,
    provider,
  }) => {
    const { waiting, gates } = await haveWaited(httpd, provider);
    gates[1].open();
    await (await httpd.engine()).kill();
    await expectTokens(waiting);
    httpd.log.expect(killed, readyAgain);
  });

  test('is waited for by its heart, not by how long the page took before it stopped', async ({
    httpd,
    provider,
  }) => {
    const { waiting, gates } = await haveWaited(httpd, provider);
    const engine = await httpd.engine();
    await engine.freeze();
    await becomes(httpd, 'down');
    engine.thaw();
    gates[0].open();
    await expectTokens(waiting);
  });

  test('is a new one where the old one does not move for half a minute', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    await expectPage(httpd, 'before', 'fwd');
    const engine = await httpd.engine();
    await engine.freeze();
    await httpd.log.waitFor(still, { timeoutMs: 60_000 });
    await engine.gone();
    await expectPage(httpd, 'after', 'fwd');
    httpd.log.expect(still, killed, readyAgain);
  }, 90_000);

  test('is a new one where the first one hangs in its start', async ({ httpd, provider }) => {
    using late = writeLateEngine(httpd);
    prepare(httpd, provider, late.directive);
    await httpd.start();
    await httpd.log.waitFor(neverReady, { timeoutMs: 90_000 });
    late.begin();
    await httpd.log.waitFor(killed);
    await expectPage(httpd, 'after', 'fwd');
    httpd.log.expect(neverReady, killed, readyAgain);
  }, 120_000);
});

/** Two calls of the provider, each with its gate, by a model with these timeouts. */
async function startGated(httpd: Httpd, provider: ScriptedProvider, timeouts: object) {
  prepare(httpd, provider);
  addPages(httpd);
  httpd.conf.writeJson('models.json', modelsAt(provider, { name: scriptedModel, timeouts }));
  const gates = [new Gate(), new Gate()] as const;
  provider.script(scriptedModel, say(tokens, { gate: gates[0] }), say(tokens, { gate: gates[1] }));
  await httpd.start();
  await httpd.enginesReady();
  return gates;
}

/** A visitor whom a slow provider has let wait for longer than httpd waits for an engine. */
async function haveWaited(httpd: Httpd, provider: ScriptedProvider) {
  const gates = await startGated(httpd, provider, { first: 50, total: 60 });
  const waiting = httpd.open('/page?topic=slow');
  await gates[0].arrived();
  // What httpd waits for an engine is nowhere to be seen: only time shows that it is over.
  await sleep(10_500);
  return { waiting, gates };
}

async function expectTokens({ done }: Exchange): Promise<void> {
  const { status, complete, text } = await done;
  expect([status, complete, text]).toEqual([200, true, tokens.join('')]);
}
