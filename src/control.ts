/**
 * The engine's line to its supervisor: settings come in, "ready" goes out, then "drain" or the end
 * of the line come in. The end of the line means that httpd is gone.
 */

import type { Duplex } from 'node:stream';

export interface Control {
  /** The first line: the settings as JSON. Rejects when the line ends before it. */
  readonly settings: Promise<string>;
  /** Resolves when the supervisor asks to finish and stop. */
  readonly drain: Promise<void>;
  /** Resolves when the supervisor is gone. */
  readonly gone: Promise<void>;
  /** Tells the supervisor that requests are served. */
  ready(): void;
}

/** Thousands of virtual hosts, and as many from before each restart of the last minutes. */
const LINE_MAX = 64 * 1_048_576;

export function openControl(stream: Duplex): Control {
  const settings = Promise.withResolvers<string>();
  const drain = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  let rest = '';
  let lines = 0;

  const end = (): void => {
    settings.reject(new Error('httpd closed the line before it sent the settings'));
    gone.resolve();
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    rest += chunk;
    if (rest.length > LINE_MAX) stream.destroy();
    // To look through all of it at each piece would take minutes at that length.
    if (!chunk.includes('\n')) return;
    for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n')) {
      const line = rest.slice(0, at);
      rest = rest.slice(at + 1);
      lines += 1;
      if (lines === 1) settings.resolve(line);
      else if (line === 'drain') drain.resolve();
    }
  });
  stream.on('end', end);
  stream.on('close', end);
  // A line that breaks is one that ended: 'close' follows.
  stream.on('error', end);

  return {
    settings: settings.promise,
    drain: drain.promise,
    gone: gone.promise,
    ready: () => stream.write('ready\n'),
  };
}
