/** Virtual hosts that differ, so many that an engine's settings fill more than a socket holds. */
import { expect } from 'vitest';
import { expectMemory } from '../harness/expect-memory.ts';
import { type Httpd, test, waitUntil } from '../harness/index.ts';
import { memoryOf } from '../harness/processes.ts';

const HOSTS = 900;

function writeHosts(httpd: Httpd, path: string): void {
  const hosts = Array.from({ length: HOSTS }, (_, i) => [
    '<VirtualHost *>',
    `ServerName host${i}.test`,
    `MuseAiEndpoint http://127.0.0.1:1/${path}/${i}/v1`,
    `MuseAiApiKey ${'k'.repeat(60)}${i}`,
    '</VirtualHost>',
  ]);
  httpd.conf.write('hosts.conf', hosts.flat().join('\n'));
}

/** Expects that the only supervisor that there is never had much memory. */
function expectSmall(httpd: Httpd): void {
  const peaks = httpd.supervisors().map(({ pid }) => memoryOf(pid, 'VmHWM'));
  expect(peaks).toEqual([expect.any(Number)]);
  expectMemory(Number(peaks[0]), 64 * 1_048_576);
}

test('the supervisor stays small with many virtual hosts, also after a restart', async ({
  httpd,
}) => {
  httpd.config.muse({ lines: ['MuseAiEngines 2', 'Include conf/hosts.conf'] });
  writeHosts(httpd, 'first');
  await httpd.start();
  await httpd.enginesReady(2);
  expectSmall(httpd);
  writeHosts(httpd, 'second');
  await httpd.graceful();
  await httpd.enginesReady(4);
  await waitUntil('the old supervisor to end', () => httpd.supervisors().length === 1);
  expectSmall(httpd);
});

test('an engine that never reads its settings holds nobody up', async ({ httpd }) => {
  const engine = httpd.conf.write('engine.js', 'setInterval(() => {}, 1000);');
  httpd.config.muse({ lines: [`MuseAiEngine ${engine}`, 'Include conf/hosts.conf'] });
  writeHosts(httpd, 'only');
  await httpd.start();
  await waitUntil('an engine', () => httpd.engines().length > 0);

  await httpd.stop();
});
