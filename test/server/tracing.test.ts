import { createServer, type Server } from 'node:http';
import { describe, expect, onTestFinished } from 'vitest';
import { type Httpd, test, waitUntil } from '../harness/index.ts';
import { fail } from '../provider/index.ts';
import { administer, priced, prompt } from './administration.ts';
import { gated } from './gated-page.ts';

interface Span {
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** A collector that takes spans over OTLP/HTTP as JSON. */
class Collector {
  readonly spans: Span[] = [];
  readonly headers: (string | undefined)[] = [];
  text = '';
  status = 200;
  url = '';
  readonly #server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}');
    if (request.url !== '/v1/traces' || this.status !== 200) return;
    this.text += body;
    this.headers.push(request.headers['x-collector-key']?.toString());
    const { resourceSpans } = JSON.parse(body);
    for (const { scopeSpans } of resourceSpans) {
      for (const { spans } of scopeSpans) this.spans.push(...spans);
    }
  });

  async start(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
    const address = this.#server.address();
    if (typeof address === 'object') this.url = `http://127.0.0.1:${address?.port}`;
    onTestFinished(() => {
      this.#server.close();
      this.#server.closeAllConnections();
    });
    return this;
  }

  get(count: number): Promise<Span[]> {
    return waitUntil(`${count} spans`, () => this.spans.length >= count && this.spans);
  }
}

/** An attribute's value, whatever its type on the wire. */
function attributes({ attributes: list }: Span): Record<string, unknown> {
  const plain = (value: object): unknown => {
    const [inner] = Object.values(value);
    return inner?.values === undefined ? inner : inner.values.map(plain);
  };
  return Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]));
}

async function tracedTo(httpd: Httpd): Promise<Collector> {
  const collector = await new Collector().start();
  httpd.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  httpd.env.OTEL_EXPORTER_OTLP_HEADERS = 'x-collector-key=the-collectors-key';
  httpd.config.lines('PassEnv OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_HEADERS');
  return collector;
}

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

describe('a trace', () => {
  test('has a span for each completion, with the names of the conventions', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    httpd.site.write('page.ai', `---\ntop_p: 0.5\nstop: THE END\n---\n${prompt}`);
    const collector = await tracedTo(httpd);
    await httpd.start();
    await httpd.get('/page', { headers: { traceparent } });
    await httpd.get('/page', { headers: { traceparent } });
    const [span] = await collector.get(1);
    expect(span).toMatchObject({
      traceId,
      parentSpanId: '00f067aa0ba902b7',
      name: `chat ${priced.name}`,
      kind: 3,
    });
    const { port } = new URL(provider.url);
    expect(attributes(span as Span)).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': priced.name,
      'gen_ai.request.max_tokens': 16_384,
      'gen_ai.request.top_p': 0.5,
      'gen_ai.request.stop_sequences': ['THE END'],
      'gen_ai.response.model': priced.name,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': expect.any(Number),
      'gen_ai.usage.output_tokens': expect.any(Number),
      'server.address': '127.0.0.1',
      'server.port': Number(port),
      'url.path': '/page',
      'muse.model': priced.name,
      'muse.cost': expect.any(Number),
    });
    expect(BigInt(span?.endTimeUnixNano ?? 0)).toBeGreaterThan(
      BigInt(span?.startTimeUnixNano ?? 0),
    );
    expect(collector.text).toContain('"mod_muse_ai"');
    for (const secret of [priced.api_key, prompt]) expect(collector.text).not.toContain(secret);
    expect(collector.headers[0]).toBe('the-collectors-key');
    expect(httpd.log.text).not.toContain('the-collectors-key');
    expect(collector.spans).toHaveLength(1);
  });

  test('is one of its own without a visitor’s, or with one that is none', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    httpd.site.write('other.ai', 'Write about others.');
    const collector = await tracedTo(httpd);
    await httpd.start();
    await httpd.get('/page');
    await httpd.get('/other', { headers: { traceparent: `00-${'0'.repeat(32)}-nonsense-01` } });
    const spans = await collector.get(2);
    expect(spans.map(({ parentSpanId }) => parentSpanId || undefined)).toEqual([
      undefined,
      undefined,
    ]);
    expect(spans[0]?.traceId).not.toBe(spans[1]?.traceId);
  });

  test('tells of a failure by its code, and of a call that nobody waited for', async ({
    httpd,
    provider,
  }) => {
    administer(httpd, provider);
    httpd.site.write('other.ai', 'Write about others.');
    const collector = await tracedTo(httpd);
    provider.script(priced.name, fail(400, { message: 'a private message' }));
    await httpd.start();
    await httpd.get('/page');
    httpd.log.expect(249);
    const gate = gated(provider, priced.name);
    const visitor = httpd.open('/other');
    await gate.arrived(1);
    visitor.leave();
    const [failed, left] = await collector.get(2);
    expect(failed?.status).toEqual({ code: 2, message: 'provider-rejected' });
    expect(attributes(failed as Span)).toMatchObject({ 'error.type': 'provider-rejected' });
    expect(attributes(left as Span)).toMatchObject({ 'muse.abandoned': true });
    expect(collector.text).not.toContain('a private message');
    gate.open();
  });

  test.for([
    ['with secrets', 'http://somebody:a-secret-word@127.0.0.1:9/?key=another-a-secret-word'],
    ['that is no URL', 'collector with a-secret-word'],
  ])(
    'to an address %s costs a line in the log, which does not show it',
    async ([, url], { httpd, provider }) => {
      administer(httpd, provider);
      httpd.env.OTEL_EXPORTER_OTLP_ENDPOINT = url ?? '';
      httpd.config.lines('PassEnv OTEL_EXPORTER_OTLP_ENDPOINT');
      await httpd.start();
      expect((await httpd.get('/page')).status).toBe(200);
      // The exporter tries for ten seconds.
      await httpd.log.waitFor(291, { timeoutMs: 25_000 });
      expect(httpd.log.text).not.toContain('a-secret-word');
      httpd.log.expect(291);
    },
  );

  test('that nobody takes costs a line in the log, and no page', async ({ httpd, provider }) => {
    administer(httpd, provider);
    const collector = await tracedTo(httpd);
    collector.status = 400;
    await httpd.start();
    expect((await httpd.get('/page')).status).toBe(200);
    await httpd.log.waitFor(291);
    expect((await httpd.get('/page?2')).status).toBe(200);
    collector.status = 200;
    await waitUntil('traces to be taken again', async () => {
      await httpd.get('/page?cache-bypass=1');
      return collector.spans.length > 0;
    });
    await httpd.log.waitFor(292);
    httpd.log.expect(291, 292);
  });

  test('is sent before an engine ends', async ({ httpd, provider }) => {
    administer(httpd, provider);
    const collector = await tracedTo(httpd);
    await httpd.start();
    await httpd.get('/page');
    await httpd.stop();
    expect(collector.spans).toHaveLength(1);
  });
});
