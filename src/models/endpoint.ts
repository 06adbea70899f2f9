/** The base URL of a provider, from what people write. */

export type Endpoint =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly problem: string };

const OPERATION = '/chat/completions';

/**
 * `https://host/v1` from any of `https://host`, `https://host/v1/` and
 * `https://host/v1/chat/completions`. Another path is left as it is, and who names the operation
 * in full (`https://host/chat/completions`) is called exactly there.
 */
export function normaliseEndpoint(text: string): Endpoint {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    return { ok: false, problem: 'an endpoint is a URL such as "https://api.openai.com/v1"' };
  }
  if (url.username !== '' || url.password !== '') {
    return { ok: false, problem: 'a key does not belong into the endpoint; use "api_key"' };
  }
  if (url.search !== '' || url.hash !== '') {
    return { ok: false, problem: 'an endpoint has neither "?" nor "#"' };
  }
  const path = url.pathname.replace(/\/+$/, '');
  if (path === '') return { ok: true, url: `${url.origin}/v1` };
  if (!path.endsWith(OPERATION)) return { ok: true, url: `${url.origin}${path}` };
  return { ok: true, url: `${url.origin}${path.slice(0, -OPERATION.length).replace(/\/+$/, '')}` };
}
