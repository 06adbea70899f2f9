import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/caching/answer.ts';
import { Completion, type Reader, type Writer } from '../../src/completion.ts';
import { MuseError } from '../../src/errors.ts';
import type { Finish } from '../../src/providers/provider.ts';
import { UnderWay } from '../../src/under-way.ts';
import { ListLog } from './support/log.ts';

/** A writer that does what the test says, step by step. */
class Script implements Writer {
  emit: (piece: string) => void = () => {};
  signal = new AbortController().signal;
  readonly #end = Promise.withResolvers<Finish>();

  write(emit: (piece: string) => void, signal: AbortSignal): Promise<Finish> {
    this.emit = emit;
    this.signal = signal;
    return this.#end.promise;
  }

  notice(error: MuseError): string {
    return `[${error.code}]`;
  }

  finish(reason: Finish['reason'] = 'stop'): void {
    this.#end.resolve({ reason });
  }

  fail(error: unknown): void {
    this.#end.reject(error);
  }
}

const kept = {
  headers: [],
  body: Buffer.alloc(0),
  storedAt: 0,
  freshMs: 0,
  staleMs: 0,
} satisfies Answer;
const slow = new MuseError('provider-slow', 'too slow');
const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Options {
  readonly keep?: (body: Buffer) => Promise<Answer | undefined>;
  readonly bytesMax?: number;
  readonly finishAbandoned?: boolean;
}

function start(options: Options = {}) {
  const script = new Script();
  const log = new ListLog();
  const completion = new Completion({
    writer: script,
    keep: async () => kept,
    bytesMax: 2_097_152,
    finishAbandoned: false,
    log,
    ...options,
  });
  return { script, completion, log };
}

/** Reads on whenever it is woken. */
class Follower implements Reader {
  readonly pieces: string[] = [];
  readonly #completion: Completion;
  #at = 0;

  constructor(completion: Completion) {
    this.#completion = completion;
    completion.join(this);
    this.wake();
  }

  get text(): string {
    return this.pieces.join('');
  }

  wake(): void {
    const piece = this.#completion.read(this.#at);
    if (piece === undefined) return;
    this.#at += piece.length;
    this.pieces.push(piece.toString());
  }

  leave(): void {
    this.#completion.leave(this);
  }
}

describe('a completion', () => {
  test('gives each reader what comes with one read of the provider, before the next', async () => {
    const { script, completion } = start();
    const reader = new Follower(completion);
    script.emit('one');
    script.emit('');
    script.emit(' twö');
    expect(reader.pieces).toEqual([]);
    await turn();
    expect(reader.pieces).toEqual(['one twö']);
    script.emit('three');
    await turn();
    expect(reader.pieces).toEqual(['one twö', 'three']);
    script.finish();
    await completion.ended;
    expect(completion.outcome).toEqual({ kind: 'whole', finish: { reason: 'stop' }, kept });
  });

  test('gives a late reader what there is at once, and then the same as all others', async () => {
    const { script, completion } = start();
    const early = new Follower(completion);
    script.emit('a');
    await turn();
    const late = new Follower(completion);
    expect(late.pieces).toEqual(['a']);
    script.emit('b');
    await turn();
    expect([early.pieces, late.pieces]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    script.finish();
    await completion.ended;
    expect(new Follower(completion).text).toBe('ab');
  });

  test('holds its text once, however long it is and whatever its readers hold of it', async () => {
    const bodies: Buffer[] = [];
    const { script, completion } = start({
      keep: async (body) => {
        bodies.push(body);
        return kept;
      },
    });
    const piece = 'Käse 🧀 and more '.repeat(7);
    const reader = new Follower(completion);
    for (let i = 0; i < 2_000; i++) {
      script.emit(piece);
      if (i % 50 === 0) await turn();
    }
    script.finish();
    await completion.ended;
    const expected = Buffer.from(piece.repeat(2_000));
    expect(bodies[0]?.equals(expected)).toBe(true);
    let at = 0;
    const views = new Set<ArrayBufferLike>();
    for (let view = completion.read(at); view; view = completion.read(at)) {
      views.add(view.buffer);
      at += view.length;
    }
    expect(at).toBe(expected.length);
    const memory = [...views].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(memory).toBeLessThan(expected.length + 65_536);
    reader.leave();
  });

  test('is kept before a reader is told that it is whole, and only if it is complete', async () => {
    const gate = Promise.withResolvers<void>();
    const { script, completion } = start({
      keep: async () => {
        await gate.promise;
        return kept;
      },
    });
    script.emit('x');
    script.finish();
    await turn();
    expect(completion.outcome).toBeUndefined();
    gate.resolve();
    await completion.ended;
    expect(completion.outcome).toEqual({ kind: 'whole', finish: { reason: 'stop' }, kept });

    const cut = start({ keep: () => Promise.reject(new Error('must not be asked')) });
    cut.script.emit('x');
    cut.script.finish('length');
    await cut.completion.ended;
    expect(cut.completion.outcome).toEqual({ kind: 'cut', finish: { reason: 'length' } });
  });

  test('that fails before its first piece has failed, with nothing to read, and says so once', async () => {
    const { script, completion, log } = start();
    const readers = [new Follower(completion), new Follower(completion)];
    script.fail(slow);
    await completion.ended;
    expect(readers.map(({ pieces }) => pieces)).toEqual([[], []]);
    expect(completion.outcome).toEqual({ kind: 'failed', error: slow });
    expect(log.events).toEqual([{ event: 'provider-slow', text: 'too slow' }]);
  });

  test('that fails after it ends with a notice and is broken', async () => {
    const { script, completion, log } = start();
    const reader = new Follower(completion);
    script.emit('x');
    script.fail(slow);
    await completion.ended;
    reader.wake();
    expect(reader.text).toBe('x[provider-slow]');
    expect(completion.outcome).toEqual({ kind: 'broken', error: slow });
    expect(log.events).toEqual([{ event: 'provider-slow', text: 'the page broke off: too slow' }]);
  });

  test('that throws something else has failed with a mistake of the engine', async () => {
    const { script, completion } = start();
    script.fail(new TypeError('secret'));
    await completion.ended;
    expect(completion.outcome).toMatchObject({ error: { code: 'request-failed' } });
    expect(JSON.stringify(completion.outcome)).not.toContain('secret');
  });

  test('is aborted when its last reader leaves, not before, and says nothing', async () => {
    const { script, completion, log } = start();
    const [one, two] = [new Follower(completion), new Follower(completion)];
    script.emit('x');
    one.leave();
    one.leave();
    expect(script.signal.aborted).toBe(false);
    two.leave();
    expect(script.signal.aborted).toBe(true);
    expect(completion.isAborted).toBe(true);
    expect(() => script.emit('y')).toThrow(/nobody reads/);
    script.fail(script.signal.reason);
    await completion.ended;
    expect(log.events).toEqual([]);
  });

  test('goes on without readers where it is to be finished', async () => {
    const { script, completion } = start({ finishAbandoned: true });
    new Follower(completion).leave();
    expect(script.signal.aborted).toBe(false);
    script.emit('x');
    script.finish();
    await completion.ended;
    expect(completion.outcome).toEqual({ kind: 'whole', finish: { reason: 'stop' }, kept });
  });

  test('that its reader leaves at the end is not aborted', async () => {
    const { script, completion } = start();
    const reader = new Follower(completion);
    script.finish();
    await completion.ended;
    reader.leave();
    expect(script.signal.aborted).toBe(false);
  });

  test('that is too long breaks off', async () => {
    const { script, completion } = start({ bytesMax: 10 });
    script.emit('x'.repeat(10));
    expect(() => script.emit('x')).toThrow(/more than 10 bytes.*MuseAiMaxPageSize/);
    script.fail(new MuseError('answer-too-long', 'x'));
    await completion.ended;
    expect(completion.outcome).toMatchObject({ kind: 'broken' });
  });
});

describe('what is under way', () => {
  test('is found until a turn after its end, so that no look into the cache comes between', async () => {
    const underWay = new UnderWay<{ completion: Completion }>();
    const flight = start();
    underWay.add('k', flight);
    expect(underWay.find('k')).toBe(flight);
    expect(underWay.find('other')).toBeUndefined();
    flight.script.finish();
    await flight.completion.ended;
    expect(underWay.find('k')).toBe(flight);
    await turn();
    await turn();
    expect(underWay.find('k')).toBeUndefined();
  });

  test('is not to be joined once it has failed: who comes then has it tried again', async () => {
    const underWay = new UnderWay<{ completion: Completion }>();
    const flight = start();
    underWay.add('k', flight);
    flight.script.fail(slow);
    await flight.completion.ended;
    expect(underWay.find('k')).toBeUndefined();
  });

  test('is not to be joined when it is being ended, and gives its place to the next', async () => {
    const underWay = new UnderWay<{ completion: Completion }>();
    const flight = start();
    underWay.add('k', flight);
    new Follower(flight.completion).leave();
    expect(underWay.find('k')).toBeUndefined();
    const next = start();
    underWay.add('k', next);
    flight.script.fail(flight.script.signal.reason);
    await flight.completion.ended;
    await turn();
    await turn();
    expect(underWay.find('k')).toBe(next);
  });
});
