import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A browser of the Chromium family on this machine, or undefined. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable);
}

/** A browser without a window, driven by the DevTools protocol. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Map<string, (method: string, params: unknown) => void>();
  #last = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data))));
  }

  static async start(program: string): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), 'muse-chromium-'));
    const options = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    const child = spawn(
      program,
      [...options, '--no-first-run', `--user-data-dir=${profile}`, '--remote-debugging-port=0'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const socket = new WebSocket(await addressFrom(child));
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', reject, { once: true });
    });
    return new Chromium(child, profile, socket);
  }

  /** Opens a page; what its console says is in the tab's `said`. */
  async open(url: string, { scripts = true } = {}): Promise<Tab> {
    const { targetId } = (await this.send('Target.createTarget', { url: 'about:blank' })) as {
      targetId: string;
    };
    const { sessionId } = (await this.send('Target.attachToTarget', {
      targetId,
      flatten: true,
    })) as { sessionId: string };
    const tab = new Tab(this, sessionId);
    this.#listeners.set(sessionId, (method, params) => tab.take(method, params));
    for (const domain of ['Log', 'Runtime', 'Page']) await tab.send(`${domain}.enable`);
    if (!scripts) await tab.send('Emulation.setScriptExecutionDisabled', { value: true });
    await tab.send('Page.navigate', { url });
    return tab;
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<unknown> {
    const id = ++this.#last;
    const answer = Promise.withResolvers<unknown>();
    this.#answers.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    return answer.promise;
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null) {
      this.send('Browser.close').catch(() => undefined);
      await gone;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #take(message: {
    id?: number;
    result?: unknown;
    error?: { message: string };
    method?: string;
    params?: unknown;
    sessionId?: string;
  }): void {
    if (message.id === undefined) {
      this.#listeners.get(message.sessionId ?? '')?.(message.method ?? '', message.params);
      return;
    }
    const answer = this.#answers.get(message.id);
    if (message.error === undefined) answer?.resolve(message.result);
    else answer?.reject(new Error(message.error.message));
  }
}

/** One page of the browser. */
export class Tab {
  /** Errors and warnings of its console, such as what its policy forbade. */
  readonly said: string[] = [];
  readonly #browser: Chromium;
  readonly #session: string;

  constructor(browser: Chromium, session: string) {
    this.#browser = browser;
    this.#session = session;
  }

  send(method: string, params: object = {}): Promise<unknown> {
    return this.#browser.send(method, params, this.#session);
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.send('Runtime.evaluate', { expression, returnByValue: true });
    return (answer as { result: { value?: unknown } }).result.value;
  }

  /** A picture as PNG, of the whole page. */
  async picture(scheme: 'light' | 'dark', width = 1120): Promise<Buffer> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.send('Emulation.setEmulatedMedia', { features });
    const size = { width, height: 900, deviceScaleFactor: 1, mobile: false };
    await this.send('Emulation.setDeviceMetricsOverride', size);
    const shot = await this.send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from((shot as { data: string }).data, 'base64');
  }

  take(method: string, params: unknown): void {
    if (method === 'Log.entryAdded') {
      const { entry } = params as { entry: { level: string; text: string } };
      if (entry.level === 'error' || entry.level === 'warning') this.said.push(entry.text);
    }
    if (method === 'Runtime.exceptionThrown') this.said.push(JSON.stringify(params));
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where it listens, which it says on standard error. */
function addressFrom(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the browser ended: ${said.join('\n')}`)));
    if (child.stderr === null) return;
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      const [, address] = /^DevTools listening on (ws:\S+)$/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
}
