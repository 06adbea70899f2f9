import { execFile } from 'node:child_process';
import OpenAI, { type ClientOptions } from 'openai';
import { expect } from 'vitest';
import { type Httpd, type ModelEntry, type Result, scriptedModel } from '../harness/index.ts';
import type { ScriptedProvider } from '../provider/index.ts';

/** Where programs come in, in these tests. */
export const doorPath = '/llm';

/** One model that `provider` plays, for programs below `/llm`; `lines` go into the location. */
export function openDoor(
  httpd: Httpd,
  provider: ScriptedProvider,
  ...lines: readonly string[]
): void {
  openDoorFor(httpd, [{ name: scriptedModel, endpoint: provider.url }], ...lines);
}

/** The same with models of the test's own. */
export function openDoorFor(
  httpd: Httpd,
  models: readonly ModelEntry[],
  ...lines: readonly string[]
): void {
  httpd.config.muse({ models: { models } });
  httpd.config.section('Location', doorPath, 'SetHandler muse-ai-openai', ...lines);
}

/** OpenAI's own client, which asks once unless the test has it try again. */
export function program(httpd: Httpd, options: ClientOptions = {}): OpenAI {
  const baseURL = `${httpd.url}${doorPath}/v1`;
  return new OpenAI({ baseURL, apiKey: 'unused', maxRetries: 0, ...options });
}

/** What a program asks, in the shortest form. */
export const question = {
  model: scriptedModel,
  messages: [{ role: 'user' as const, content: 'What is a heron?' }],
};

export interface CurlAnswer {
  readonly status: number;
  /** The last head, for there may be a 100 before it. */
  readonly head: string;
  readonly body: string;
  /** curl's own: 0, or what went wrong. */
  readonly exit: number;
}

/** Asks with curl, to which `body` is given as a file is. */
export function curl(args: readonly string[], body?: string): Promise<CurlAnswer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'curl',
      ['-sS', '-i', '--noproxy', '*', '--max-time', '60', ...args],
      { maxBuffer: 64 * 1_048_576 },
      (error, stdout) => {
        if (error !== null && typeof error.code !== 'number') {
          reject(error);
          return;
        }
        const heads = /^(?:HTTP\/[^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/.exec(stdout)?.[0] ?? '';
        const head = heads.trimEnd().split('\r\n\r\n').at(-1) ?? '';
        resolve({
          status: Number(/^HTTP\/\S+ (\d+)/.exec(head)?.[1] ?? 0),
          head,
          body: stdout.slice(heads.length),
          exit: typeof error?.code === 'number' ? error.code : 0,
        });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(body);
  });
}

/** POSTs `body` as JSON to an operation of the door. */
export function post(
  httpd: Httpd,
  body: unknown,
  options: {
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly localAddress?: string;
  } = {},
) {
  const { path = '/v1/chat/completions', headers, ...rest } = options;
  return httpd.open(`${doorPath}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...rest,
  });
}

/** The error that an answer tells, once it has the shape of one. */
export function errorOf({ text: body, headers, status }: Result) {
  expect(headers['content-type']).toBe('application/json');
  expect(headers['cache-control']).toBe('no-store');
  const { error } = JSON.parse(body);
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(error.message).toMatch(/\S/);
  return { status, ...error };
}

/** The error that this request is answered with. */
export async function refused(httpd: Httpd, body: unknown) {
  return errorOf(await post(httpd, body).done);
}
