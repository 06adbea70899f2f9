import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { Exchange } from './exchange.ts';

/** One HTTP/2 connection; its requests run side by side on it. */
export class Http2Client {
  readonly #session: ClientHttp2Session;
  readonly #failed = Promise.withResolvers<never>();

  /** `origin` is `https://…` with the certificate to trust, or `http://…` for h2c. */
  constructor(origin: string, ca?: string) {
    this.#session = connect(origin, ca === undefined ? {} : { ca });
    this.#session.on('error', (error) => this.#failed.reject(error));
    this.#failed.promise.catch(() => undefined);
  }

  /** Sends a request and returns at once. */
  open(
    path: string,
    options: {
      readonly method?: string;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    } = {},
  ): Exchange {
    const stream = this.#session.request({
      ':method': options.method ?? 'GET',
      ':path': path,
      ...options.headers,
    });
    const exchange = new Exchange(() => stream.close(8));
    let ended = false;
    this.#failed.promise.catch((error: Error) => exchange.fail(error));
    stream.on('error', (error) => exchange.fail(error));
    stream.on('end', () => {
      ended = true;
    });
    stream.on('close', () => exchange.finish(ended && stream.rstCode === 0));
    stream.on('response', (headers) => {
      exchange.begin(
        {
          status: Number(headers[':status'] ?? 0),
          statusText: '',
          httpVersion: '2.0',
          headers: plain(headers),
          rawHeaders: [],
        },
        stream,
      );
    });
    stream.end(options.body);
    return exchange;
  }

  /** Closes the connection when its requests are over. */
  async close(): Promise<void> {
    if (this.#session.closed || this.#session.destroyed) return;
    const closed = once(this.#session, 'close');
    this.#session.close();
    await closed;
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#session.destroy();
  }
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith(':'))
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
  );
}
