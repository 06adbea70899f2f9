/** What the tests of administrators' pages have in common. */
import { expect } from 'vitest';
import { type Httpd, modelsAt, waitUntil } from '../harness/index.ts';
import { type ScriptedProvider, samplePage, say } from '../provider/index.ts';

/** A model whose provider counts tokens, with a price; its key must be seen nowhere. */
export const priced = {
  name: 'priced',
  api_key: 'sk-the-secret-of-this-test',
  stream_usage: true,
  price: { input: 2, output: 10 },
} as const;

/** A prompt that must be seen nowhere. */
export const prompt = 'Write about the hidden treasure.';

/** Administrators' pages at /status, /metrics and /health, and pages from the model `priced`. */
export function administer(httpd: Httpd, provider: ScriptedProvider, ...lines: string[]): void {
  provider.script(priced.name, say(samplePage(priced.name).trimEnd()));
  httpd.config.muse({ models: modelsAt(provider, priced) });
  httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On', ...lines);
  addPages(httpd);
  httpd.site.write('page.ai', prompt);
}

export function addPages(httpd: Httpd): void {
  for (const name of ['status', 'metrics', 'health']) {
    httpd.config.section('Location', `/${name}`, `SetHandler muse-ai-${name}`);
  }
}

export async function health(httpd: Httpd) {
  const { status, headers, text } = await httpd.get('/health');
  expect(headers['content-type']).toBe('application/json');
  expect(text).not.toContain(priced.api_key);
  return { code: status, ...(JSON.parse(text) as Record<string, unknown>) } as {
    code: number;
    status: string;
    problems: string[];
    endpoints: { model: string; url: string; state: string }[];
    [field: string]: unknown;
  };
}

/** Waits for a health of that status, and returns it. */
export function becomes(
  httpd: Httpd,
  status: string,
  ready = (_: Awaited<ReturnType<typeof health>>) => true,
) {
  return waitUntil(
    `the health to be ${status}`,
    async () => {
      const latest = await health(httpd);
      return latest.status === status && ready(latest) && latest;
    },
    { timeoutMs: 30_000 },
  );
}

/** A page at /limited that a client may ask for once. */
export function addLimitedPage(httpd: Httpd): void {
  const limit = ['MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 1'];
  httpd.config.section('Location', '/limited', ...limit);
  httpd.site.write('limited.ai', 'Write about limits.');
}

/** What `/metrics?format=json` tells when so many requests have ended: that is after their last byte. */
export function numbersAfter(httpd: Httpd, requests: number) {
  return waitUntil(`${requests} requests to be counted`, async () => {
    const numbers = await numbersOf(httpd);
    return numbers.requests.total === requests && numbers;
  });
}

/** What `/metrics?format=json` tells. */
export async function numbersOf(httpd: Httpd) {
  const { text } = await httpd.get('/metrics?format=json');
  return JSON.parse(text) as {
    status: string;
    problems: string[];
    requests: Record<string, number>;
    abandoned: number;
    completions: number;
    completions_failed: number;
    time_to_first_byte: { count: number; sum: number };
    response_time: { count: number; sum: number };
    models: {
      name: string;
      failures: number;
      input_tokens: number;
      output_tokens: number;
      cost: number;
      cost_saved: number;
    }[];
    engines: { up: boolean; pid: number; restarts: number; in_flight: number; models: string }[];
    endpoints: {
      model: string;
      url: string;
      state: string;
      active: number;
      rest_seconds: number;
    }[];
  };
}
