/**
 * The lean provider as a process of its own. Its parent asks over IPC, with a number that the
 * answer repeats; an answer may wait until what was asked for has happened.
 */

import type { TokenOrder, TokenTally } from './token-provider.ts';
import { TokenServer } from './token-server.ts';

const server = new TokenServer();
let waiting: { readonly order: number; readonly probe: () => unknown }[] = [];

process.on('message', ({ order, what, count }: TokenOrder) => {
  if (what === 'hold') server.hold();
  if (what === 'go') server.go();
  if (what === 'forget') server.calls.length = 0;
  waiting.push({ order, probe: probes[what](count ?? 0) });
  answer();
});
process.once('disconnect', () => process.exit(0));
server.onChange = answer;
process.send?.({ port: await server.listen() });

/** What there is to say; undefined as long as it has not happened. */
const probes: Record<TokenOrder['what'], (count: number) => () => unknown> = {
  hold: () => () => true,
  go: () => () => true,
  forget: () => () => true,
  tally: () => tally,
  asked: (count) => () => server.calls.length >= count || undefined,
  // A connection that was closed before the page's end leaves a call; all of them have to.
  left: () => () => {
    const times = server.calls.flatMap(({ left }) => (left === undefined ? [] : [Number(left)]));
    return times.length > 0 && times.length === server.calls.length
      ? Math.max(...times)
      : undefined;
  },
};

function tally(): TokenTally {
  const firsts = server.calls.flatMap(({ first }) => (first === undefined ? [] : [Number(first)]));
  return {
    asked: server.calls.length,
    ended: server.calls.filter(({ ended }) => ended !== undefined).length,
    left: server.calls.filter(({ left }) => left !== undefined).length,
    firsts,
  };
}

function answer(): void {
  if (waiting.length === 0) return;
  waiting = waiting.filter(({ order, probe }) => {
    const value = probe();
    if (value !== undefined) process.send?.({ order, value });
    return value === undefined;
  });
}
