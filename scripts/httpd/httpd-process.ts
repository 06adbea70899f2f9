import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

export interface LaunchOptions {
  readonly httpd: string;
  /** A program with options that runs httpd in its own place. */
  readonly launcher?: readonly string[];
  readonly config: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How httpd ended, and what it wrote to stderr before its error log was open. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/**
 * An httpd in the foreground, as our child. It has a process group of its own, so that Ctrl-C
 * reaches only us, and it is told to stop by the kernel if we die without a word.
 */
export class HttpdProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #stderr = '';
  #exit: Exit | undefined;

  constructor(options: LaunchOptions) {
    const command = [
      ...(options.launcher ?? []),
      options.httpd,
      '-f',
      options.config,
      '-DFOREGROUND',
    ];
    const setpriv = '/usr/bin/setpriv';
    const whole = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM', ...command] : command;
    const [program = '', ...rest] = whole;
    this.#child = spawn(program, rest, {
      cwd: '/',
      detached: true,
      env: { ...options.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.exited = this.#wait();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  get stderr(): string {
    return this.#stderr;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /**
   * Whether anything of it still runs: the engine and who watches over it may take a moment longer
   * than httpd itself. All of them are in the process group that it was started in.
   */
  get isGone(): boolean {
    return !this.signalAll(0);
  }

  /** Sends a signal to everything of it. False if nothing is left. */
  signalAll(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.pid, signal);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
      throw error;
    }
  }

  async #wait(): Promise<Exit> {
    // 'close' and not 'exit': by then all of stderr was read, which says why a start failed.
    const [code, signal] = (await once(this.#child, 'close')) as [
      number | null,
      NodeJS.Signals | null,
    ];
    this.#exit = { code, signal, stderr: this.#stderr };
    return this.#exit;
  }
}
