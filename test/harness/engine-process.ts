import { environmentOf, findProcess, isStopped } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/** An engine of a test's httpd, to look at and to do harm to. */
export class EngineProcess {
  readonly pid: number;

  constructor(pid: number) {
    this.pid = pid;
  }

  get running(): boolean {
    return findProcess(this.pid) !== undefined;
  }

  /** The environment that it was started with. */
  get environment(): ReadonlyMap<string, string> {
    return environmentOf(this.pid) ?? new Map();
  }

  /** Kills it with SIGKILL and waits until it is gone. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.gone();
  }

  /** Stops it with SIGSTOP, as if it hung: it keeps its sockets and says nothing. */
  async freeze(): Promise<void> {
    process.kill(this.pid, 'SIGSTOP');
    await waitUntil(`engine ${this.pid} to be stopped`, () => isStopped(this.pid));
  }

  /** Lets it run again. */
  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Waits until it has ended. */
  async gone(): Promise<void> {
    await waitUntil(`engine ${this.pid} to end`, () => !this.running);
  }
}
