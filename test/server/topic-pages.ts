import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { type Exchange, enablePages, type Httpd, scriptedModel } from '../harness/index.ts';
import { finish, Gate, hold, type ScriptedProvider, say, stream, text } from '../provider/index.ts';

export const ready = /MUSE0020/;
export const readyAgain = /MUSE0020.*ready again/;
export const killed = /MUSE0022.*signal 9/;

/** A page that does not depend on others: each query is a prompt of its own. */
export function prepare(httpd: Httpd, provider: ScriptedProvider, ...lines: string[]): void {
  httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
  httpd.site.write('static.txt', 'static');
  enablePages(httpd, provider);
  httpd.config.lines(...lines);
}

export async function expectPage(httpd: Httpd, topic: string, cache: 'hit' | 'fwd'): Promise<void> {
  const result = await httpd.get(`/page?topic=${topic}`);
  expect([result.status, result.complete], topic).toEqual([200, true]);
  expect(result.headers['cache-status'], topic).toContain(cache);
}

/**
 * A page that httpd's children find by themselves. The first answer may still have been asked for
 * before the engine had told httpd its models, which are in the key.
 */
export async function cachePage(httpd: Httpd, topic: string): Promise<void> {
  await expectPage(httpd, topic, 'fwd');
  await expectPage(httpd, topic, 'hit');
}

/** A page whose beginning the visitor has, and whose end waits for the gate. */
export async function openHeld(httpd: Httpd, provider: ScriptedProvider, topic: string) {
  const gate = new Gate();
  const steps = [text('<!doctype html><p>Once'), hold(gate), text(' upon a time.'), finish()];
  provider.script(scriptedModel, stream(steps), say('<!doctype html><p>Another page.'));
  const exchange = httpd.open(`/page?topic=${topic}`);
  await exchange.waitFor('Once');
  return { exchange, gate };
}

export async function expectWhole(exchange: Exchange): Promise<void> {
  const result = await exchange.done;
  expect(result.text).toContain('Once upon a time.');
  expect(result.complete).toBe(true);
}

export async function expectBroken(exchange: Exchange): Promise<void> {
  const result = await exchange.done;
  expect(result.text).toContain('Once');
  expect(result.text.match(/role="alert"/g)).toHaveLength(1);
  expect(result.complete).toBe(false);
}

/** The sockets of engines in httpd's folder. */
export function sockets(httpd: Httpd): string[] {
  return readdirSync(httpd.environment.path('run')).filter((name) => name.endsWith('.sock'));
}
