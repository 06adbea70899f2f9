import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';

const greeting = z.object({ url: z.string() });

/** The provider's process, as its parent sees it. */
export class ProviderProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(): Promise<ProviderProcess> {
    const child = fork(join(import.meta.dirname, 'process.ts'), { stdio: 'inherit' });
    const { url } = greeting.parse(await reply(child));
    return new ProviderProcess(child, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}

async function reply(child: ChildProcess): Promise<unknown> {
  const gone = once(child, 'exit').then(() => {
    throw new Error('the scripted provider has ended');
  });
  const [message] = await Promise.race([once(child, 'message'), gone]);
  return message;
}
