import { setTimeout as sleep } from 'node:timers/promises';
import { HttpdProcess } from '../httpd/httpd-process.ts';
import { LineReader } from '../httpd/line-reader.ts';

/** How long httpd may take to end its requests before it is killed, in milliseconds. */
const patience = 15_000;

/** The httpd of the demo: started, and stopped by SIGINT or SIGTERM. */
export class DemoServer {
  readonly #httpd: string;
  readonly #config: string;
  readonly #log: LineReader;
  #process: HttpdProcess | undefined;
  #asked = false;

  constructor(httpd: string, config: string, errorLog: string) {
    this.#httpd = httpd;
    this.#config = config;
    this.#log = new LineReader(errorLog);
  }

  /** Starts httpd and waits until it serves. @throws Error with what httpd said if it does not */
  async start(): Promise<void> {
    this.#log.read();
    const { httpd, config } = { httpd: this.#httpd, config: this.#config };
    const launched = new HttpdProcess({ httpd, config, env: process.env });
    const said: string[] = [];
    while (!said.some((line) => line.includes('resuming normal operations'))) {
      if (launched.exit !== undefined) {
        throw new Error(`httpd did not start:\n${launched.exit.stderr}${said.join('\n')}`);
      }
      await sleep(20);
      said.push(...this.#log.read());
    }
    this.#process = launched;
    process.on('SIGINT', () => this.#stop());
    process.on('SIGTERM', () => this.#stop());
  }

  /** Waits until httpd and its engine have ended: asked for by a signal, or by themselves. */
  async untilEnded(): Promise<'asked' | 'by itself'> {
    await this.#process?.exited;
    const deadline = performance.now() + patience;
    while (this.#process?.isGone === false) {
      if (performance.now() > deadline) this.#process.signalAll('SIGKILL');
      await sleep(20);
    }
    return this.#asked ? 'asked' : 'by itself';
  }

  /** Asked once, httpd ends in order; asked twice, or too slow, it is killed. */
  #stop(): void {
    if (this.#asked) {
      this.#process?.signalAll('SIGKILL');
      return;
    }
    this.#asked = true;
    process.stdout.write('\nStopping…\n');
    this.#process?.signal('SIGTERM');
    setTimeout(() => this.#process?.signalAll('SIGKILL'), patience).unref();
  }
}
