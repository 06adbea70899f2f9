import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Region, type RegionEntry, RegionError, type RegionSizes } from '../../src/region.ts';
import { parseSnapshot } from '../../src/status/snapshot.ts';

const module = new URL('../../src/region.ts', import.meta.url).href;
const small: RegionSizes = { storeBytes: 1 << 20, shards: 4, clients: 64 };
const limit = { perMinute: 60, burst: 2 };

/** A region that goes away with the test. */
function newRegion(sizes: RegionSizes = small): Region {
  const region = Region.create(sizes);
  onTestFinished(() => region.detach());
  return region;
}

const keyOf = (n: number): Buffer => Buffer.alloc(20, n);

function entryOf(body: string | Buffer, changes: Partial<RegionEntry> = {}): RegionEntry {
  return {
    storedAt: 1000,
    freshUntil: 2000,
    staleUntil: 3000,
    alias: false,
    head: Buffer.from('Content-Type: text/html\n'),
    body: Buffer.from(body),
    ...changes,
  };
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Runs the body of an async function of (Region, region, parentPort) in a thread of its own. */
function startWorker(fd: number, body: string): Worker {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { Region } = await import(workerData.module);
    const region = Region.attach(workerData.fd);
    ${body}`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  return new Worker(url, { workerData: { module, fd } });
}

function ended(worker: Worker): Promise<number> {
  return new Promise((done, failed) => worker.once('error', failed).once('exit', done));
}

/** Runs an ES module in a process of its own. */
function runScript(source: string, env: NodeJS.ProcessEnv = {}) {
  const args = ['--input-type=module', '--expose-gc', '--eval', source];
  return spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, ...env },
  });
}

describe('the page store', () => {
  test('gives back what was put', () => {
    const region = newRegion();
    const entry = entryOf('<!doctype html>…');
    region.put(keyOf(1), entry);
    expect(region.get(keyOf(1), 1500)).toEqual(entry);
    expect(region.get(keyOf(2), 1500)).toBeUndefined();
  });

  test('keeps an alias apart from an answer', () => {
    const region = newRegion();
    const alias = entryOf(keyOf(9), { alias: true, head: Buffer.alloc(0) });
    region.put(keyOf(1), alias);
    expect(region.get(keyOf(1), 1500)).toEqual(alias);
  });

  test('takes an entry without any bytes', () => {
    const region = newRegion();
    const entry = entryOf('', { head: Buffer.alloc(0) });
    region.put(keyOf(1), entry);
    expect(region.get(keyOf(1), 1500)).toEqual(entry);
  });

  test('keeps an entry until it is too stale, by its own clock unless a time is given', () => {
    const region = newRegion();
    region.put(keyOf(1), entryOf('x'));
    expect(region.get(keyOf(1), 2999)).toBeDefined();
    expect(region.get(keyOf(1), 3000)).toBeUndefined();
    const now = region.nowMs();
    const times = { storedAt: now, freshUntil: now, staleUntil: now + 600_000 };
    region.put(keyOf(1), entryOf('x', times));
    expect(region.get(keyOf(1))).toBeDefined();
    region.put(keyOf(1), entryOf('x', { ...times, staleUntil: now }));
    expect(region.get(keyOf(1))).toBeUndefined();
  });

  test('gives copies, which neither change nor are changed by the region', () => {
    const region = newRegion();
    const body = Buffer.from('first');
    region.put(keyOf(1), entryOf(body));
    body.fill(0);
    const read = region.get(keyOf(1), 1500);
    read?.body.write('other');
    region.put(keyOf(2), entryOf('second'));
    expect(region.get(keyOf(1), 1500)?.body.toString()).toBe('first');
    region.clear();
    expect(read?.body.toString()).toBe('other');
  });

  test('removes one entry, or all', () => {
    const region = newRegion();
    for (const n of [1, 2, 3]) region.put(keyOf(n), entryOf(`${n}`));
    expect(region.remove(keyOf(1))).toBe(true);
    expect(region.remove(keyOf(1))).toBe(false);
    expect(region.stats().entries).toBe(2);
    region.clear();
    expect(region.stats()).toMatchObject({ entries: 0, bytesUsed: 0, recovered: 0 });
  });

  test('refuses what is above a quarter of a shard, and forgets what was there before', () => {
    const region = newRegion();
    region.put(keyOf(1), entryOf('old'));
    const error = errorOf(() => region.put(keyOf(1), entryOf(Buffer.alloc(100_000))));
    expect(error).toBeInstanceOf(RegionError);
    expect(error).toMatchObject({ name: 'RegionError', code: 'MUSE_TOO_LARGE' });
    expect(region.get(keyOf(1), 1500)).toBeUndefined();
  });

  test('refuses an entry that contradicts itself', () => {
    const region = newRegion();
    const put = (entry: RegionEntry) => errorOf(() => region.put(keyOf(1), entry));
    expect(put(entryOf('x', { freshUntil: 4000 }))).toMatchObject({ code: 'MUSE_EINVAL' });
    expect(put(entryOf('short', { alias: true }))).toMatchObject({ code: 'MUSE_EINVAL' });
  });

  test('refuses values of the wrong kind with an error that names them', () => {
    const region = newRegion();
    const wrong = <T>(value: unknown): T => value as T;
    expect(() => region.get(Buffer.alloc(19))).toThrow(/key must have 20 bytes/);
    expect(() => region.get(wrong('key'))).toThrow(/key must be a Buffer/);
    expect(() => region.get(keyOf(1), -1)).toThrow(/nowMs must be a whole number/);
    expect(() => region.put(keyOf(1), wrong({}))).toThrow(/must be/);
    for (const storedAt of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(() => region.put(keyOf(1), entryOf('x', { storedAt }))).toThrow(/storedAt must be/);
    }
  });

  test('survives an entry whose getters take its bytes and the region away', () => {
    const region = Region.create(small);
    const entry = {
      ...entryOf('x'),
      get alias() {
        region.detach();
        return false;
      },
    };
    expect(errorOf(() => region.put(keyOf(1), entry))).toMatchObject({ code: 'MUSE_DETACHED' });
  });
});

describe('handles', () => {
  test('of one descriptor see the same region', () => {
    const first = newRegion();
    const second = Region.attach(first.fd);
    onTestFinished(() => second.detach());
    first.put(keyOf(1), entryOf('hello'));
    expect(second.get(keyOf(1), 1500)?.body.toString()).toBe('hello');
    expect(second.sizes).toEqual(first.sizes);
    expect(first.epoch).toBe(1);
    expect(second.raiseEpoch()).toBe(2);
    expect(first.epoch).toBe(2);
  });

  test('outlive the one that they were attached by', () => {
    const first = Region.create(small);
    const second = Region.attach(first.fd);
    onTestFinished(() => second.detach());
    first.put(keyOf(1), entryOf('hello'));
    first.detach();
    expect(second.get(keyOf(1), 1500)?.body.toString()).toBe('hello');
  });

  test('can be detached twice, and used no more after that', () => {
    const region = Region.create(small);
    region.put(keyOf(1), entryOf('hello'));
    const read = region.get(keyOf(1), 1500);
    region.detach();
    region.detach();
    const uses: (() => unknown)[] = [
      () => region.fd,
      () => region.sizes,
      () => region.epoch,
      () => region.modelsGeneration,
      () => region.get(keyOf(1)),
      () => region.put(keyOf(1), entryOf('x')),
      () => region.remove(keyOf(1)),
      () => region.clear(),
      () => region.stats(),
      () => region.raiseEpoch(),
      () => region.publishModels([], 0),
      () => region.models(),
      () => region.beat(0),
      () => region.engine(0),
      () => region.setEngine(0, 'ready', 0, 1),
      () => region.take(Buffer.from('client'), limit),
      () => region.claimCounters(),
      () => region.count(0, 'hits'),
      () => region.counters(),
    ];
    for (const use of uses) expect(errorOf(use)).toMatchObject({ code: 'MUSE_DETACHED' });
    expect(read?.body.toString()).toBe('hello');
  });

  test('are refused for a descriptor without a region, and for sizes out of range', () => {
    const fd = openSync('/dev/null', 'r');
    onTestFinished(() => closeSync(fd));
    expect(errorOf(() => Region.attach(fd))).toMatchObject({
      code: 'MUSE_EFORMAT',
      message: 'could not attach to the region: the descriptor holds no region',
    });
    expect(errorOf(() => Region.attach(1_000_000))).toMatchObject({
      code: 'MUSE_ESYSTEM',
      message: expect.stringContaining('Bad file descriptor'),
    });
    expect(errorOf(() => Region.create({ shards: 3 }))).toMatchObject({ code: 'MUSE_EINVAL' });
    expect(() => Region.create({ shards: -1 })).toThrow(/shards must be/);
  });
});

describe('the model table', () => {
  const models = [
    { name: 'small', digest: keyOf(1), ttl: 60 },
    { name: 'größer', digest: keyOf(2) },
  ];

  test('is what was published, the default marked', () => {
    const region = newRegion();
    expect(region.models()).toEqual([]);
    expect(region.modelsGeneration).toBe(0);
    region.publishModels(models, 1);
    expect(region.models()).toEqual([
      { ...models[0], isDefault: false },
      { ...models[1], isDefault: true },
    ]);
    expect(region.modelsGeneration).toBe(1);
  });

  test('stays as it is when the same one is published again', () => {
    const region = newRegion();
    region.publishModels(models, 1);
    region.publishModels(models, 1);
    expect(region.modelsGeneration).toBe(1);
    region.publishModels(models, 0);
    expect(region.modelsGeneration).toBe(2);
  });

  test('refuses names that are twice, empty or too long, and a default that is none', () => {
    const region = newRegion();
    const publish = (names: string[], byDefault = 0) =>
      errorOf(() =>
        region.publishModels(
          names.map((name) => ({ name, digest: keyOf(1) })),
          byDefault,
        ),
      );
    expect(publish(['a', 'a'])).toMatchObject({ code: 'MUSE_EINVAL' });
    expect(publish(['a'], 1)).toMatchObject({ code: 'MUSE_EINVAL' });
    expect(publish([''])).toBeInstanceOf(RangeError);
    expect(publish(['x'.repeat(128)])).toBeInstanceOf(RangeError);
    const many = Array.from({ length: 257 }, (_, i) => `model ${i}`);
    expect(publish(many)).toMatchObject({ code: 'MUSE_TOO_LARGE' });
    expect(region.modelsGeneration).toBe(0);
  });
});

describe('the limiter', () => {
  test('counts in nanoseconds', () => {
    const region = newRegion();
    const client = Buffer.from('192.0.2.1');
    const now = 1_000_000_000_000n;
    expect(region.take(client, limit, now)).toEqual({
      allowed: true,
      remaining: 1,
      retryAfter: 0n,
      resetAfter: 1_000_000_000n,
    });
    expect(region.take(client, limit, now)).toMatchObject({ allowed: true, remaining: 0 });
    expect(region.take(client, limit, now)).toMatchObject({
      allowed: false,
      retryAfter: 1_000_000_000n,
      resetAfter: 2_000_000_000n,
    });
    expect(region.take(client, limit, now + 1_000_000_000n).allowed).toBe(true);
  });

  test('takes the time of the clock unless one is given, and refuses a limit that is none', () => {
    const region = newRegion();
    expect(region.take(Buffer.from('a'), limit).allowed).toBe(true);
    const take = (perMinute: number) =>
      errorOf(() => region.take(Buffer.from('a'), { perMinute, burst: 1 }));
    expect(take(0)).toMatchObject({ code: 'MUSE_EINVAL' });
    expect(take(0.5)).toBeInstanceOf(RangeError);
    expect(() => region.take(Buffer.from('a'), limit, -1n)).toThrow(/nowNs must be/);
  });
});

test('counters are added up over all slots, and a process has one', () => {
  const region = newRegion();
  const slot = region.claimCounters();
  expect(region.claimCounters()).toBe(slot);
  region.count(slot, 'completions');
  region.count(0, 'completions', 2);
  region.count(slot, 'failures', 5);
  expect(region.counters()).toEqual({
    hits: 0,
    stale: 0,
    joined: 0,
    misses: 0,
    returned: 0,
    limited: 0,
    errors: 0,
    abandoned: 0,
    completions: 3,
    failures: 5,
  });
  expect(() => region.count(slot, 'nonsense' as 'hits')).toThrow(/no counter "nonsense"/);
});

test('a snapshot has what models used and what the engine says of itself', () => {
  const region = newRegion();
  region.addUsage('writer', 'inputTokens', 12);
  region.addUsage('writer', 'cost', 1_500_000_000);
  const endpoint = { model: 'writer', url: 'http://host/v1', active: 2, restMs: 1_500 };
  const endpoints = [{ ...endpoint, state: 'resting' }] as const;
  region.setReport(1, { models: 'invalid', inFlight: 3, endpoints, leftOut: 4 });
  region.setEngine(1, 'ready', 0, 7);
  region.beat(1);
  const snapshot = parseSnapshot(region.snapshot(2));
  expect(snapshot.models).toEqual([
    {
      name: 'writer',
      completions: 0,
      failures: 0,
      input_tokens: 12,
      output_tokens: 0,
      cost: 1.5,
      cost_saved: 0,
    },
  ]);
  expect(snapshot.engines[1]).toMatchObject({ up: true, in_flight: 3, models: 'invalid' });
  expect(snapshot.endpoints).toEqual([
    { ...endpoint, restMs: undefined, engine: 1, state: 'resting', rest_seconds: 1.5 },
  ]);
  expect(snapshot.status).toBe('down');
});

test('a budget is reserved of and settled, and what is none is refused', () => {
  const region = newRegion();
  const owner = region.claimBudgets();
  expect(region.claimBudgets()).toBe(owner);
  const budget = { name: 'all pages', unit: 'cost', limit: 100 } as const;
  const first = region.reserve(owner, budget, 20_000, 150);
  expect(first).toMatchObject({ answer: 'taken', isNews: false });
  expect(region.reserve(owner, budget, 20_000, 1).answer).toBe('held');
  region.settle(owner, first, 150, 120);
  expect(region.reserve(owner, budget, 20_000, 1)).toMatchObject({ answer: 'gone', isNews: true });
  expect(region.reserve(owner, budget, 20_001, 1)).toMatchObject({ answer: 'taken', isNews: true });
  expect(errorOf(() => region.reserve(owner, { ...budget, name: '' }, 1, 1))).toMatchObject({
    code: 'MUSE_EINVAL',
  });
  expect(errorOf(() => region.settle(99, first, 1, 1))).toMatchObject({ code: 'MUSE_EINVAL' });
  const other = { ...budget, unit: 'hours' as 'cost' };
  expect(() => region.reserve(owner, other, 1, 1)).toThrow(/unit/);
  expect(parseSnapshot(region.snapshot(1)).budgets).toMatchObject([
    { name: 'all pages', unit: 'cost', limit: 0.000_000_1 },
  ]);
});

test('a use or a report that is none is refused', () => {
  const region = newRegion();
  expect(() => region.addUsage('m', 'nonsense' as 'cost', 1)).toThrow(/no use "nonsense"/);
  const report = { models: 'loaded', inFlight: 0, endpoints: [], leftOut: 0 } as const;
  expect(errorOf(() => region.setReport(16, report))).toMatchObject({ code: 'MUSE_EINVAL' });
  const endpoint = { model: 'm', url: 'x'.repeat(256), state: 'up', active: 0, restMs: 0 } as const;
  expect(() => region.setReport(0, { ...report, endpoints: [endpoint] })).toThrow(/255 bytes/);
  const many = Array.from({ length: 65 }, () => ({ ...endpoint, url: '' }));
  expect(() => region.setReport(0, { ...report, endpoints: many })).toThrow(/at most 64/);
});

test("an engine's state is what the supervisor set and the engine's heart said", () => {
  const region = newRegion();
  expect(region.engine(2)).toEqual({ state: 'none', failures: 0, pid: 0, changedAt: 0, beatAt: 0 });
  const before = region.nowMs();
  region.setEngine(2, 'down', 3, 0);
  region.beat(2);
  const { changedAt, beatAt, ...rest } = region.engine(2);
  expect(rest).toEqual({ state: 'down', failures: 3, pid: 0 });
  expect(changedAt).toBeGreaterThanOrEqual(before);
  expect(beatAt).toBeGreaterThanOrEqual(changedAt);
  expect(errorOf(() => region.engine(16))).toMatchObject({ code: 'MUSE_EINVAL' });
});

describe('threads and processes', () => {
  test('worker threads share the region', async () => {
    const region = newRegion();
    const workers = [1, 2, 3].map((n) =>
      startWorker(
        region.fd,
        `const slot = region.claimCounters();
         for (let i = 0; i < 2000; i++) {
           const key = Buffer.alloc(20, i);
           const body = Buffer.alloc(50 + i % 50, ${n});
           region.put(key, { storedAt: 1, freshUntil: 2, staleUntil: 3, alias: false, head: body, body });
           const read = region.get(key, 1);
           if (read !== undefined && new Set([...read.head, ...read.body]).size !== 1) {
             throw new Error('a mixture of two entries');
           }
           region.count(slot, 'hits');
         }
         parentPort.postMessage('done');`,
      ),
    );
    expect(await Promise.all(workers.map(ended))).toEqual([0, 0, 0]);
    expect(region.counters().hits).toBe(6000);
    expect(region.stats().recovered).toBe(0);
  });

  test('an error in a worker thread is of its own RegionError', async () => {
    const region = newRegion();
    const worker = startWorker(
      region.fd,
      `const { RegionError } = await import(workerData.module);
       try {
         Region.create({ shards: 3 });
       } catch (error) {
         parentPort.postMessage([error instanceof RegionError, error.code]);
       }`,
    );
    const message = new Promise((done) => worker.once('message', done));
    expect(await message).toEqual([true, 'MUSE_EINVAL']);
    await ended(worker);
  });

  test.for([
    ['of an answer', 'region.put(key, entry); region.get(key, 1);'],
    ['of an error', 'try { region.put(key, { ...entry, staleUntil: 1 }); } catch {}'],
    ['of a new handle', 'Region.attach(region.fd).detach();'],
    ['of a model table', 'region.publishModels([{ name: String(n), digest: key }], 0);'],
  ])('a worker thread may be terminated in the middle %s', async ([, body]) => {
    const region = newRegion();
    for (let round = 0; round < 8; round++) {
      const worker = startWorker(
        region.fd,
        `for (let n = 0; ; n++) {
           const body = Buffer.alloc(2000, n);
           const entry = { storedAt: 1, freshUntil: 2, staleUntil: 3, alias: false, head: body, body };
           const key = Buffer.alloc(20, n);
           ${body}
           if (n === 20 * ${round}) parentPort.postMessage('busy');
         }`,
      );
      await new Promise((done) => worker.once('message', done));
      await worker.terminate();
    }
    region.put(keyOf(1), entryOf('still'));
    expect(region.get(keyOf(1), 1500)?.body.toString()).toBe('still');
    expect(region.stats().recovered).toBe(0);
  });

  test('a process may exit with handles and answers in use', () => {
    const result = runScript(`
      const { Region } = await import(${JSON.stringify(module)});
      const region = Region.create();
      const other = Region.attach(region.fd);
      const body = Buffer.alloc(10000, 1);
      const key = Buffer.alloc(20);
      region.put(key, { storedAt: 1, freshUntil: 2, staleUntil: 3, alias: false, head: body, body });
      globalThis.kept = Array.from({ length: 100 }, () => other.get(key, 1));
      for (let i = 0; i < 1000; i++) Region.create({ storeBytes: 1 << 20, shards: 1 });
      gc();
      console.log(globalThis.kept.every((entry) => entry.body.equals(body)));
      process.exit(7);`);
    expect(result).toMatchObject({ status: 7, stdout: 'true\n', stderr: '' });
  });

  test('memory of answers and handles is given back', () => {
    const result = runScript(`
      const { Region } = await import(${JSON.stringify(module)});
      const region = Region.create();
      const body = Buffer.alloc(500_000, 1);
      const key = Buffer.alloc(20);
      region.put(key, { storedAt: 1, freshUntil: 2, staleUntil: 3, alias: false, head: body, body });
      const use = async () => {
        for (let i = 0; i < 200; i++) {
          region.get(key, 1);
          if (i % 50 === 0) {
            gc();
            await new Promise((done) => setImmediate(done));
          }
        }
        return process.memoryUsage().rss / 2 ** 20;
      };
      const first = await use();
      let last = first;
      for (let round = 0; round < 2; round++) last = await use();
      console.log(last - first < 60 ? 'steady' : \`grew by \${last - first} MiB\`);`);
    expect(result).toMatchObject({ status: 0, stdout: 'steady\n', stderr: '' });
  });

  test('an add-on that is not there is an error that names it', () => {
    const result = runScript(
      `const { Region } = await import(${JSON.stringify(module)});
       try {
         Region.create();
       } catch (error) {
         console.log(error.code, error.message);
       }`,
      { MUSE_AI_REGION_ADDON: '/nowhere/muse_region.node' },
    );
    expect(result.stdout).toMatch(/^MUSE_NO_ADDON the add-on \/nowhere\/muse_region.node /);
  });
});
