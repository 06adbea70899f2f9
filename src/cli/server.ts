/** Talking to a running httpd over HTTP. */

import type { Environment } from '../environment.ts';
import { messageOf, systemCode } from '../errors.ts';
import { Complaint, type Option, type Options } from './command.ts';

const SERVER = 'http://localhost';
const VARIABLE = 'MUSE_SERVER';

/** The option that names a place on the server; its default is `path` on MUSE_SERVER. */
export function urlOption(path: string, what: string): Option {
  const place = `$${VARIABLE}${path}, or ${SERVER}${path}`;
  return { name: 'url', short: 'u', value: 'URL', help: `${what}; by default ${place}` };
}

/** @throws {Complaint} when what is named is no URL. */
export function serverUrl(options: Options, environment: Environment, path: string): URL {
  const named = options.text('url');
  const text = named ?? `${(environment[VARIABLE] || SERVER).replace(/\/+$/, '')}${path}`;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  const from = named === undefined ? VARIABLE : '--url';
  throw new Complaint(`"${text}" is no URL such as ${SERVER}${path} (${from}).`);
}

/** Sends a request; a name and password in the URL go as they should. @throws {Complaint} */
export async function send(
  url: URL,
  init: RequestInit & { signal: AbortSignal },
): Promise<Response> {
  const bare = new URL(url);
  const headers = new Headers(init.headers);
  if (url.username !== '') {
    const pair = [url.username, url.password].map(decodeURIComponent).join(':');
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
    bare.username = '';
    bare.password = '';
  }
  try {
    return await fetch(bare, { ...init, headers, redirect: 'manual' });
  } catch (error) {
    init.signal.throwIfAborted();
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const why = messageOf(cause) || (systemCode(cause) ?? 'unknown');
    throw new Complaint(`${withoutPassword(url)} can't be reached: ${why}`);
  }
}

/** Why an answer that is no success is none, with what to do about it. */
export async function refusal(url: URL, response: Response, handler: string): Promise<string> {
  const place = withoutPassword(url);
  const said = await response.text();
  const isOurs = /^text\/plain/.test(response.headers.get('content-type') ?? '');
  if (isOurs && said.trim() !== '') return `${place}: ${said.trim()}`;
  const { status } = response;
  if (status === 401 || status === 403) {
    return `${place} may not be used from here (${status}); see "Require" in its <Location>.`;
  }
  if (status === 404 || status === 405) return `${place}: ${noHandler(handler)} (${status})`;
  return `${place} answered with the status ${status}; httpd's error log says why.`;
}

export function noHandler(handler: string): string {
  return `there is no "SetHandler ${handler}"; put it into a <Location>, or name one with --url.`;
}

export function withoutPassword(url: URL): string {
  const shown = new URL(url);
  shown.password = '';
  shown.username = '';
  return shown.href;
}
