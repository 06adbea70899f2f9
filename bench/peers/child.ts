import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { waitUntil } from '../../test/harness/wait-until.ts';

const setpriv = '/usr/bin/setpriv';
/** Milliseconds to end after SIGTERM. */
const patience = 5000;

/** A server that a suite starts: ended with the suite, and by the kernel if we die without a word. */
export class Child implements AsyncDisposable {
  readonly #name: string;
  readonly #process: ChildProcess;
  #said = '';

  private constructor(name: string, process: ChildProcess) {
    this.#name = name;
    this.#process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-4000);
      });
    }
  }

  /** Starts a program and waits until it takes connections at `port`. */
  static async start(
    name: string,
    port: number,
    [program = '', ...args]: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Child> {
    const command = [program, ...args];
    const guarded = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM', ...command] : command;
    const [first = '', ...rest] = guarded;
    const child = new Child(
      name,
      spawn(first, rest, {
        cwd: '/',
        env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    try {
      await waitUntil(
        () => `${name} to listen; it said:\n${child.#said}`,
        async () => {
          child.assertRuns();
          return await takesConnections(port);
        },
      );
      return child;
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Throws with what it said when it has ended. */
  assertRuns(): void {
    const { exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`${this.#name} ended with ${exitCode ?? signalCode}; it said:\n${this.#said}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), patience);
    await ended;
    clearTimeout(kill);
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
