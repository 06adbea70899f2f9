/** MuseAiSecurityAllowedOrigins: cross-origin reading, as browsers ask for it. */
import { expect } from 'vitest';
import { enablePages, scriptedModel, test } from '../harness/index.ts';
import { fail } from '../provider/index.ts';

const friend = 'https://www.example.com';
const ALLOWED = 'access-control-allow-origin';

test('pages may be read by the scripts of the origins that are named', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider, `MuseAiSecurityAllowedOrigins ${friend} http://b.example:8080`);
  httpd.site.write('page.ai', 'Write about the sea.');
  httpd.site.write('file.txt', 'a file');
  await httpd.start();
  const ask = (path: string, origin?: string) =>
    httpd.get(path, { headers: origin === undefined ? {} : { Origin: origin } });
  const cold = await ask('/page', friend);
  const cached = await ask('/page', friend);
  expect(cached.headers['cache-status']).toMatch(/hit/);
  for (const { headers } of [cold, cached, await ask('/page', 'http://b.example:8080')]) {
    expect(headers[ALLOWED]).toMatch(/^https?:\/\/(www\.example\.com|b\.example:8080)$/);
    expect(headers.vary).toBe('Origin,Accept,X-Muse-Model');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  }
  for (const origin of [
    undefined,
    'null',
    'https://evil.example',
    `${friend}.evil`,
    `${friend}:81`,
  ]) {
    const { headers, status } = await ask('/page', origin);
    expect([origin, status, headers[ALLOWED]]).toEqual([origin, 200, undefined]);
    expect(headers.vary).toContain('Origin');
  }
  const file = await ask('/file.txt', friend);
  expect([file.headers[ALLOWED], file.headers.vary]).toEqual([undefined, undefined]);
});

test('a browser that asks first is told what it may send', async ({ httpd, provider }) => {
  enablePages(httpd, provider, 'MuseAiSecurityAllowedOrigins *');
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  const { status, headers } = await httpd.get('/page', {
    method: 'OPTIONS',
    headers: {
      Origin: friend,
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': 'x-muse-model',
    },
  });
  expect(status).toBe(200);
  expect(headers[ALLOWED]).toBe('*');
  expect(headers['access-control-allow-methods']).toMatch(/\bGET\b/);
  expect(headers['access-control-allow-headers']).toBe('Authorization, *');
  expect(provider.received).toBe(0);
});

test('a failure can be read too, and an inner section’s list replaces the outer one', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider, `MuseAiSecurityAllowedOrigins ${friend}`);
  provider.script(scriptedModel, fail(401));
  httpd.site.write('page.ai', 'Write about the sea.');
  httpd.site.write('inner/page.ai', 'Write about the shore.');
  httpd.config.section(
    'Directory',
    httpd.site.path('inner'),
    'MuseAiSecurityAllowedOrigins https://other.example',
  );
  await httpd.start();
  httpd.log.expect(240);
  const headers = { Origin: friend };
  const failed = await httpd.get('/page', { headers });
  expect([failed.status, failed.headers[ALLOWED]]).toEqual([502, friend]);
  expect((await httpd.get('/inner/page', { headers })).headers[ALLOWED]).toBeUndefined();
});
