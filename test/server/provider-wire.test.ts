/** What goes over the wire to a provider and back. */
import { connect, createServer, type Server } from 'node:net';
import { describe, expect } from 'vitest';
import {
  enablePages,
  type Httpd,
  makeCertificate,
  modelsAt,
  scriptedModel,
  test,
} from '../harness/index.ts';
import { raw, startProvider, stream } from '../provider/index.ts';
import { enabled, writerOf } from './writer-of.ts';

const KEY = 'key-that-nobody-overhears';
const PROMPT = 'Write about the grey heron.';

/** Listens at a port of its own and passes all on to that of a provider. */
class Tap implements AsyncDisposable {
  /** What came from the engine. */
  readonly heard: Buffer[] = [];
  readonly #server: Server;

  private constructor(to: number) {
    this.#server = createServer((near) => {
      const far = connect(to, 'localhost');
      near.on('data', (bytes) => this.heard.push(Buffer.from(bytes)));
      for (const socket of [near, far]) socket.on('error', () => near.destroy());
      near.pipe(far).pipe(near);
    });
  }

  static async to(port: number): Promise<Tap> {
    const tap = new Tap(port);
    await new Promise<void>((resolve) => tap.#server.listen(0, 'localhost', resolve));
    return tap;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}

const startTls = () => startProvider({ host: 'localhost', tls: makeCertificate(), apiKey: KEY });

function configure(httpd: Httpd, url: string): void {
  httpd.site.write('page.ai', PROMPT);
  httpd.config.muse({ models: modelsAt({ url }, { name: 'writer', api_key: KEY }), ...enabled });
}

describe('a provider with https', () => {
  test('gets key and prompt over TLS, and nobody on the way', async ({ httpd }) => {
    await using provider = await startTls();
    await using tap = await Tap.to(provider.port);
    configure(httpd, `https://localhost:${tap.port}/v1`);
    httpd.env.NODE_EXTRA_CA_CERTS = httpd.conf.write('ca.pem', makeCertificate().cert);
    await httpd.start();
    expect(await writerOf(httpd, '/page')).toBe('writer');
    expect(provider.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    const overheard = Buffer.concat(tap.heard).toString('latin1');
    expect(overheard.length).toBeGreaterThan(200);
    for (const secret of [KEY, 'grey heron', 'Bearer']) expect(overheard).not.toContain(secret);
  });

  test('whose certificate nobody vouches for gets nothing', async ({ httpd }) => {
    await using provider = await startTls();
    configure(httpd, provider.url);
    await httpd.start();
    httpd.log.expect(/MUSE0244.*certificate/);
    expect((await httpd.get('/page')).status).toBe(502);
    expect(provider.received).toBe(0);
  });
});

test('any text reaches the provider as it is', async ({ httpd, provider }) => {
  const prompt = `${'Grüße, 日本語, 🌊 "quoted" \\u0041 \\n C:\\temp\t'.repeat(2_000)}\u0001\u001f\u007f.`;
  enablePages(httpd, provider);
  httpd.site.write('page.ai', prompt);
  await httpd.start();
  expect((await httpd.get('/page')).status).toBe(200);
  expect(provider.requests[0]?.messages.at(-1)?.content).toBe(prompt);
});

test('any escape of JSON comes out as what it stands for, wherever it is split', async ({
  httpd,
  provider,
}) => {
  const begin = '{"choices": [{"index": 0, "delta": {"content": "';
  const end = '"}}]}\n\n';
  const said = '\\u003cp>\\u00e9 \\ud83d\\ude00 \\"\\\\\\/\\b\\f\\t\\u0001\\uD83C\\uDF0A</p>';
  const escapes = [
    `data: ${begin}<!doctype html><html><body>${end}`,
    `data: ${begin}${said}${end}`,
    `data: ${begin}\\ud83d${end}data: ${begin}\\ude00</body></html>${end}`,
    'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n',
  ];
  enablePages(httpd, provider, 'MuseAiCacheEnable Off');
  httpd.site.write('page.ai', PROMPT);
  await httpd.start();
  for (const pieceBytes of [1, 7, 4_096]) {
    provider.script(scriptedModel, stream([raw(escapes.join(''))], { pieceBytes }));
    const { text, complete } = await httpd.get('/page');
    expect(complete).toBe(true);
    expect(text).toContain('<p>é 😀 "\\/');
    expect(text).toContain('🌊</p>😀</body></html>');
  }
});
