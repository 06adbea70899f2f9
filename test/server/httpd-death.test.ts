import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { ErrorLogLine } from '../../scripts/httpd/error-log-line.ts';
import { findProcess, signalProcess, test, waitUntil } from '../harness/index.ts';
import {
  cachePage,
  expectPage,
  expectWhole,
  openHeld,
  prepare,
  ready,
  sockets,
} from './topic-pages.ts';

describe('when others die', () => {
  test('supervisor and engine end with a killed httpd, which starts again cleanly', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    const { exchange } = await openHeld(httpd, provider, 'held');
    const [supervisor] = httpd.supervisors();
    expect(supervisor).toBeDefined();
    await httpd.killParent();
    exchange.leave();
    await waitUntil('supervisor and engine to end', () => {
      return httpd.supervisors().length === 0 && httpd.engines().length === 0;
    });
    expect(await provider.requests[0]?.settled).toBe('aborted');
    await httpd.stop();
    expect(sockets(httpd)).toHaveLength(1);
    await httpd.start();
    expect(sockets(httpd)).toHaveLength(1);
    await expectPage(httpd, 'after', 'fwd');
    httpd.log.expect(/AH00098/); // the pid file of the killed one
    httpd.log.allow(/MUSE0041/);
  });

  test('a killed supervisor takes its engine with it, and both are started again', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    await cachePage(httpd, 'cached');
    const engine = await httpd.engine();
    // Even one that is stopped, and so sees nothing, must not be left over.
    await engine.freeze();
    const [supervisor] = httpd.supervisors();
    process.kill(supervisor?.pid ?? 0, 'SIGKILL');
    await engine.gone();
    await expectPage(httpd, 'cached', 'hit');
    await expectPage(httpd, 'cold', 'fwd');
    expect(httpd.supervisors()).toHaveLength(1);
    expect(httpd.supervisors()[0]?.pid).not.toBe(supervisor?.pid);
    httpd.log.expect(/MUSE0012/);
    // httpd's parent, which now watches another one than it began with, survives a restart.
    await httpd.graceful();
    await expectPage(httpd, 'cached', 'hit');
    await waitUntil('the old supervisor to end', () => httpd.supervisors().length === 1);
  });

  test('a supervisor that ends again and again is started after a pause that grows', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    await cachePage(httpd, 'cached');
    const paused = /MUSE0012.* in 800 ms/;
    const line = await waitUntil('a long pause', () => {
      // One that was killed the last time may be listed still, and be gone now.
      for (const { pid } of httpd.supervisors()) signalProcess(pid, 'SIGKILL');
      return httpd.log.matching(paused)[0];
    });
    await expectPage(httpd, 'cached', 'hit');
    await expectPage(httpd, 'cold', 'fwd');
    const ready = await httpd.log.waitFor(/MUSE0020/, { mark: httpd.log.lines.indexOf(line) });
    expect(writtenAt(ready) - writtenAt(line)).toBeGreaterThanOrEqual(799);
    httpd.log.allow(/MUSE0012/);
  });

  test('a killed child of httpd costs the others nothing', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await cachePage(httpd, 'cached');
    const engine = await httpd.engine();
    const [child] = httpd.children();
    process.kill(child?.pid ?? 0, 'SIGKILL');
    await waitUntil('the child to end', () => findProcess(child?.pid ?? 0) === undefined);
    await expectPage(httpd, 'cached', 'hit');
    await expectPage(httpd, 'cold', 'fwd');
    expect((await httpd.engine()).pid).toBe(engine.pid);
  });

  test('a signal for all of httpd does not end the engines before their time', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider);
    await httpd.start();
    await expectPage(httpd, 'first', 'fwd');
    const engine = await httpd.engine();
    const [supervisor] = httpd.supervisors();
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGWINCH', 'SIGPIPE'] as const) {
      process.kill(supervisor?.pid ?? 0, signal);
    }
    await expectPage(httpd, 'second', 'fwd');
    expect(httpd.engines().map(({ pid }) => pid)).toEqual([engine.pid]);
  });
});

describe('a stop', () => {
  test('leaves no process, no socket and no memory, also in mid-stream', async ({
    httpd,
    provider,
  }) => {
    prepare(httpd, provider, 'MuseAiEngines 2');
    await httpd.start();
    await openHeld(httpd, provider, 'held');
    await httpd.log.waitFor(ready, { count: 2 });
    const [engine] = httpd.engines();
    const region = statSync(`/proc/${engine?.pid}/fd/4`).ino;
    expect(usersOfMemory(region)).toContain(engine?.pid);
    expect(sockets(httpd)).toHaveLength(2);
    await httpd.stop();
    expect(sockets(httpd)).toEqual([]);
    expect(usersOfMemory(region)).toEqual([]);
    expect(await provider.requests[0]?.settled).toBe('aborted');
    httpd.log.allow(/AH00045/);
  });

  test('that is graceful lets a stream finish first', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    const { exchange, gate } = await openHeld(httpd, provider, 'held');
    process.kill(httpd.pid, 'SIGWINCH');
    await httpd.log.waitFor(/AH00492/);
    gate.open();
    await expectWhole(exchange);
    await waitUntil('everything to end', () => httpd.processes().length === 0);
    expect(sockets(httpd)).toEqual([]);
  });
});

/** The processes that map the memory with this inode. */
function usersOfMemory(inode: number): number[] {
  const mapped = new RegExp(` ${inode} +/memfd:`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return mapped.test(readFileSync(`/proc/${pid}/maps`, 'utf8'));
      } catch {
        return false; // gone meanwhile, or not ours to read
      }
    });
}

/** When httpd wrote a line: milliseconds. */
function writtenAt({ whole }: ErrorLogLine): number {
  const [, day, micros, year] = /^\[(.*?)\.(\d{6}) (\d{4})\]/.exec(whole) ?? [];
  return Date.parse(`${day} ${year} UTC`) + Number(micros) / 1_000;
}
