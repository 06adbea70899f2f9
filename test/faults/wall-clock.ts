/** A wall clock for httpd and the engine alone, which can be set: clock.c, preloaded. */

import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Httpd } from '../harness/httpd.ts';

const variable = 'MUSE_AI_TEST_CLOCK';

export class WallClock {
  readonly #path: string;

  /** Before httpd starts. */
  constructor({ conf, environment, env, config }: Httpd) {
    const library = conf.path('clock.so');
    const flags = [
      '-std=gnu11',
      '-O2',
      '-Wall',
      '-Wextra',
      '-Wshadow',
      '-Werror',
      '-shared',
      '-fPIC',
    ];
    execFileSync('cc', [...flags, '-o', library, join(import.meta.dirname, 'clock.c')]);
    this.#path = conf.write('clock', Buffer.alloc(8));
    env.LD_PRELOAD = library;
    env[variable] = this.#path;
    // An engine gets little of httpd's environment, and this not.
    const { node } = environment.stagedEngine();
    const preloaded = `#!/bin/sh\nLD_PRELOAD='${library}' exec '${node}' "$@"\n`;
    const launcher = conf.write('node-with-clock', preloaded);
    chmodSync(launcher, 0o755);
    config.lines(`MuseAiNode "${launcher}"`);
  }

  /** Sets it so many seconds after the true time, or before. */
  set(seconds: number): void {
    const bytes = Buffer.alloc(8);
    if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1)
      bytes.writeBigInt64LE(BigInt(seconds));
    else bytes.writeBigInt64BE(BigInt(seconds));
    // In place: both have the file mapped.
    const fd = openSync(this.#path, 'r+');
    try {
      writeSync(fd, bytes, 0, bytes.length, 0);
    } finally {
      closeSync(fd);
    }
  }
}
