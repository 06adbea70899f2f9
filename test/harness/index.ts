/**
 * The whole-server tests' `test`: each gets an httpd of its own (not started yet) and a scripted
 * provider, and ends with httpd stopped, no process left over and a clean error log.
 */
import { test as base } from 'vitest';
import { startProvider } from '../provider/index.ts';
import { Httpd } from './httpd.ts';

export const test = base
  .extend('httpd', async ({ task }, { onCleanup }) => {
    const httpd = new Httpd();
    onCleanup(() => finish(httpd, task.result?.state === 'fail'));
    return httpd;
  })
  .extend('provider', async ({ task: _task }, { onCleanup }) => {
    const provider = await startProvider();
    onCleanup(() => provider.close());
    return provider;
  });

async function finish(httpd: Httpd, failed: boolean): Promise<void> {
  let clean = false;
  try {
    await httpd.stop();
    httpd.log.assertClean();
    httpd.environment.assertNoReports();
    clean = true;
  } finally {
    if (failed || !clean) tell(httpd);
    httpd.environment.remove();
  }
}

function tell(httpd: Httpd): void {
  process.stderr.write(`The error log of the failed test:\n${httpd.log.text}\n`);
}

export { makeCertificate } from './certificate.ts';

export { enablePages, scriptedModel, scriptedPage, useModel } from './enable-pages.ts';
export { EngineProcess } from './engine-process.ts';
export { findFreePort } from './environment.ts';
export type { Exchange, Head, Piece, Result } from './exchange.ts';
export { openHttp1, type RequestOptions } from './http1.ts';
export { Http2Client } from './http2.ts';
export { Httpd } from './httpd.ts';
export { Chromium, findChromium, type Tab } from './live-browser.ts';
export { type ModelEntry, modelsAt } from './models-at.ts';
export { environmentOf, findProcess, signalProcess } from './processes.ts';
export { sendRaw } from './raw-request.ts';
export {
  lastId,
  namesOf,
  parseEvents,
  type ServerSentEvent,
  textOf,
} from './server-sent-events.ts';
export { waitUntil } from './wait-until.ts';
