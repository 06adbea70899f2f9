import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/caching/answer.ts';
import { Completion, type Writer } from '../../src/completion.ts';
import { MuseError } from '../../src/errors.ts';

/** A writer that does what the test says, step by step. */
class Script implements Writer {
  emit: (piece: string) => void = () => {};
  signal = new AbortController().signal;
  readonly #end = Promise.withResolvers<{ complete: boolean }>();

  write(emit: (piece: string) => void, signal: AbortSignal): Promise<{ complete: boolean }> {
    this.emit = emit;
    this.signal = signal;
    return this.#end.promise;
  }

  notice(error: MuseError): string {
    return `[${error.code}]`;
  }

  finish(complete = true): void {
    this.#end.resolve({ complete });
  }

  fail(error: unknown): void {
    this.#end.reject(error);
  }
}

const kept = { headers: [], body: Buffer.alloc(0), storedAt: 0, freshMs: 0 } satisfies Answer;
const never = new AbortController().signal;
const slow = new MuseError('provider-slow', 'x');

function start(keep = async (): Promise<Answer | undefined> => kept) {
  const script = new Script();
  return { script, completion: new Completion(script, keep) };
}

async function readAll(completion: Completion, signal = never): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of completion.read(signal)) pieces.push(piece.toString());
  return pieces;
}

describe('a completion', () => {
  test('gives each piece to its reader before the next is written', async () => {
    const { script, completion } = start();
    const reader = completion.read(never);
    const first = reader.next();
    script.emit('one');
    expect((await first).value?.toString()).toBe('one');
    const second = reader.next();
    script.emit('twö');
    expect((await second).value?.toString()).toBe('twö');
    script.finish();
    expect((await reader.next()).done).toBe(true);
    expect(completion.outcome).toEqual({ kind: 'whole', kept });
  });

  test('gives a late reader what there is at once, and a slow one what has piled up', async () => {
    const { script, completion } = start();
    const early = completion.read(never);
    script.emit('a');
    await early.next();
    script.emit('b');
    script.emit('');
    script.emit('c');
    expect((await early.next()).value?.toString()).toBe('bc');
    const late = completion.read(never);
    expect((await late.next()).value?.toString()).toBe('abc');
    script.finish();
    expect(await readAll(completion)).toEqual(['abc']);
    await early.return();
    await late.return();
    expect(script.signal.aborted).toBe(false);
  });

  test('is kept before a reader is told that it is whole, and only if it is complete', async () => {
    const steps: string[] = [];
    const gate = Promise.withResolvers<void>();
    const { script, completion } = start(async () => {
      steps.push('keeping');
      await gate.promise;
      steps.push('kept');
      return kept;
    });
    const reading = readAll(completion).then(() => steps.push('read'));
    script.emit('x');
    script.finish();
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await reading;
    expect(steps).toEqual(['keeping', 'kept', 'read']);

    const cut = start(() => Promise.reject(new Error('must not be asked')));
    cut.script.emit('x');
    cut.script.finish(false);
    await readAll(cut.completion);
    expect(cut.completion.outcome).toEqual({ kind: 'cut' });
  });

  test('that fails before its first piece has failed, with nothing to read', async () => {
    const { script, completion } = start();
    script.fail(slow);
    expect(await readAll(completion)).toEqual([]);
    expect(completion.outcome).toEqual({ kind: 'failed', error: slow });
  });

  test('that fails after it ends with a notice and is broken', async () => {
    const { script, completion } = start();
    script.emit('x');
    script.fail(slow);
    expect((await readAll(completion)).join('')).toBe('x[provider-slow]');
    expect(completion.outcome).toEqual({ kind: 'broken', error: slow });
  });

  test('that throws something else has failed with a mistake of the engine', async () => {
    const { script, completion } = start();
    script.fail(new TypeError('secret'));
    await readAll(completion);
    expect(completion.outcome).toMatchObject({ error: { code: 'request-failed' } });
    expect(JSON.stringify(completion.outcome)).not.toContain('secret');
  });

  test('is aborted when its last reader leaves, not before', async () => {
    const { script, completion } = start();
    const [one, two] = [new AbortController(), new AbortController()];
    const readers = [completion.read(one.signal), completion.read(two.signal)];
    script.emit('x');
    for (const reader of readers) expect((await reader.next()).value?.toString()).toBe('x');
    const [first, second] = readers.map((reader) => reader.next());
    one.abort();
    expect((await first)?.done).toBe(true);
    expect(script.signal.aborted).toBe(false);
    two.abort();
    expect((await second)?.done).toBe(true);
    expect(script.signal.aborted).toBe(true);
    expect(() => script.emit('y')).toThrow(/nobody reads/);
  });

  test('that a reader leaves at its end is not aborted', async () => {
    const { script, completion } = start();
    script.emit('x');
    script.finish();
    await readAll(completion);
    expect(script.signal.aborted).toBe(false);
  });

  test('of more than 16 MiB breaks off', async () => {
    const { script, completion } = start();
    const reading = readAll(completion);
    const megabyte = 'x'.repeat(1_048_576);
    for (let i = 0; i < 16; i++) script.emit(megabyte);
    expect(() => script.emit('x')).toThrow(/more than 16777216 bytes/);
    script.fail(new MuseError('answer-too-long', 'x'));
    await reading;
    expect(completion.outcome).toMatchObject({ kind: 'broken' });
  });
});
