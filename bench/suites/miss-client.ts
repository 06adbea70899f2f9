import { Agent } from 'node:http';
import type { Result } from '../../test/harness/exchange.ts';
import { openHttp1 } from '../../test/harness/http1.ts';
import type { Httpd } from '../../test/harness/httpd.ts';
import type { ProviderProcess, ProviderRequest } from '../provider/client.ts';

/** Milliseconds since the request was sent. */
export interface Sample {
  readonly first: number;
  readonly end: number;
}

/** Asks for cold pages through httpd and the plain server, and for the same from the provider. */
export class MissClient implements Disposable {
  readonly #httpd: Httpd;
  readonly #provider: ProviderProcess;
  readonly #plain: string;
  readonly #agents = {
    httpd: new Agent({ keepAlive: true, maxSockets: 1 }),
    plain: new Agent({ keepAlive: true, maxSockets: 1 }),
    provider: new Agent({ keepAlive: true, maxSockets: 1 }),
  };
  readonly #learnt = new Map<string, ProviderRequest>();
  #asked = 0;

  /** @param plain base URL of the plain server */
  constructor(httpd: Httpd, provider: ProviderProcess, plain: string) {
    this.#httpd = httpd;
    this.#provider = provider;
    this.#plain = plain;
  }

  /** Has a page written, and notes what the engine asks the provider for it. */
  async learn(page: string): Promise<void> {
    await this.askHttpd(page);
    this.#learnt.set(page, await this.#provider.lastRequest());
  }

  async askHttpd(page: string): Promise<Sample> {
    this.#asked += 1;
    const options = { agent: this.#agents.httpd };
    const answer = await this.#httpd.get(`/${page}.ai?n=${this.#asked}`, options);
    return timesOf(answer, () => true);
  }

  /** Asks the plain server for a page that this model writes. */
  async askPlain(model: string): Promise<Sample> {
    this.#asked += 1;
    const url = `${this.#plain}/${model}?n=${this.#asked}`;
    const answer = await openHttp1(url, { agent: this.#agents.plain }).done;
    if (answer.headers['x-writer'] !== 'plain') throw new Error(`${url} is not the plain server`);
    return timesOf(answer, () => true);
  }

  /** Asks what the engine asked for that page. */
  async askProvider(page: string): Promise<Sample> {
    const learnt = this.#learnt.get(page);
    if (learnt === undefined) throw new Error(`learn ${page} first`);
    const { connection: _connection, ...headers } = learnt.headers;
    const answer = await openHttp1(new URL(learnt.path, this.#provider.url).href, {
      method: 'POST',
      headers,
      body: learnt.body,
      agent: this.#agents.provider,
    }).done;
    return timesOf(answer, (text) => /"content":"[^"]/.test(text));
  }

  [Symbol.dispose](): void {
    this.#agents.httpd.destroy();
    this.#agents.plain.destroy();
    this.#agents.provider.destroy();
  }
}

/** When the first piece came that `counts`. Throws for anything but a whole 200. */
function timesOf(answer: Result, counts: (text: string) => boolean): Sample {
  const first = answer.pieces.find(({ bytes }) => counts(bytes.toString('latin1')));
  if (answer.status !== 200 || !answer.complete || first === undefined) {
    throw new Error(
      `an answer was not whole (status ${answer.status}, ${answer.body.length} bytes, ` +
        `complete: ${answer.complete}): ${answer.text.slice(0, 200)}`,
    );
  }
  return { first: first.at, end: answer.endAt };
}
