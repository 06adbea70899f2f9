/** Reading a completion along, at the pace of whoever takes it. */

import type { Completion, Outcome, Reader } from './completion.ts';

/** Takes a piece. A promise: the next one only when that resolves. */
export type Take = (piece: Buffer) => Promise<void> | undefined;

/**
 * Gives `take` what `completion` has and writes, from the byte `from` on. Resolves when all of it
 * was taken and the answer has ended, or the client has left.
 *
 * @returns the answer's outcome; undefined when the client left before it.
 * @throws what `take` throws.
 */
export function follow(
  completion: Completion,
  from: number,
  take: Take,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  return new Promise((resolve, reject) => {
    let at = from;
    let isSlow = false;
    const over = (): void => {
      signal.removeEventListener('abort', leave);
      completion.leave(reader);
    };
    const leave = (): void => {
      over();
      resolve(undefined);
    };
    const send = (): void => {
      for (let piece = completion.read(at); piece !== undefined; piece = completion.read(at)) {
        at += piece.length;
        const left = take(piece);
        if (left === undefined) continue;
        isSlow = true;
        void left.then(() => {
          isSlow = false;
          reader.wake();
        });
        return;
      }
      if (completion.outcome === undefined) return;
      over();
      resolve(completion.outcome);
    };
    const reader: Reader = {
      wake() {
        if (isSlow || signal.aborted) return;
        try {
          send();
        } catch (error) {
          over();
          reject(error);
        }
      },
    };
    signal.addEventListener('abort', leave);
    completion.join(reader);
    if (signal.aborted) leave();
    else reader.wake();
  });
}
