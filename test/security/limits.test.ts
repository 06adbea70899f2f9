/** Ways round the limit of a client. */
import { expect } from 'vitest';
import { enablePages, type Httpd, test } from '../harness/index.ts';
import { post as ask, openDoor, question } from '../server/open-door.ts';

const two = ['MuseAiRateLimitRPM 1', 'MuseAiRateLimitBurstSize 2'];
type Headers = readonly (readonly [string, string])[];

async function statuses(httpd: Httpd, requests: readonly Headers[], path = '/page') {
  const found: number[] = [];
  for (const headers of requests) found.push((await httpd.get(path, { headers })).status);
  return found;
}

test('nobody has another address for saying so', async ({ httpd, provider }) => {
  enablePages(httpd, provider, ...two);
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  const names = ['X-Forwarded-For', 'x-forwarded-for', 'X-FORWARDED-FOR', 'X-Real-IP', 'Client-IP'];
  const more = ['True-Client-IP', 'CF-Connecting-IP', 'Forwarded', 'Via', 'X-Originating-IP'];
  const requests = [...names, ...more].map((name, i): Headers => [[name, `192.0.2.${i}`]]);
  expect(await statuses(httpd, requests)).toEqual([200, 200, ...Array(8).fill(429)]);
  expect(provider.received).toBe(1);
});

test('with mod_remoteip nobody chooses one behind a proxy, in any spelling', async ({
  httpd,
  provider,
}) => {
  httpd.config.modules('remoteip');
  httpd.config.lines('RemoteIPHeader X-Forwarded-For', 'RemoteIPInternalProxy 127.0.0.1');
  enablePages(httpd, provider, ...two);
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  // The proxy adds the address that it sees behind what its client says.
  const behind = (said: string): Headers => [['X-Forwarded-For', `${said}, 198.51.100.7`]];
  const sent = [behind('192.0.2.1'), behind('192.0.2.2'), behind('127.0.0.1'), behind('::1')];
  expect(await statuses(httpd, sent)).toEqual([200, 200, 429, 429]);
  const twice: Headers = [
    ['X-Forwarded-For', '192.0.2.9'],
    ['x-forwarded-for', '198.51.100.7'],
  ];
  expect(await statuses(httpd, [twice])).toEqual([429]);
  // IPv6 by its first half, in whatever way it is written, and IPv4 within it as what it is.
  const as = (address: string): Headers => [['X-Forwarded-For', address]];
  const half = ['2001:db8::1', '2001:DB8:0:0:ffff::2', '2001:0db8:0000:0000:1:2:3:4'];
  expect(await statuses(httpd, half.map(as))).toEqual([200, 200, 429]);
  expect(await statuses(httpd, [as('::ffff:198.51.100.7')])).toEqual([429]);
});

test('no spelling of a page’s address, model or query counts for itself', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider, ...two);
  httpd.site.write('page.ai', 'Write about {{ query.x }}.');
  httpd.site.write('other.ai', 'Write about the sea.');
  await httpd.start();
  const found: number[] = [];
  for (const path of ['/page', '/page.ai', '/p%61ge', '//page', '/page?x=1', '/other', '/./page']) {
    found.push((await httpd.get(path, { headers: { 'X-Muse-Model': `m${found.length}` } })).status);
  }
  expect(found).toEqual([200, 200, 429, 429, 429, 429, 429]);
  for (const method of ['GET', 'HEAD', 'POST']) {
    expect((await httpd.get('/page', { method })).status).toBe(429);
  }
  httpd.log.allow(31, 215);
});

test('the door counts a client by its address, whatever key it makes up', async ({
  httpd,
  provider,
}) => {
  openDoor(httpd, provider, ...two);
  await httpd.start();
  const found: number[] = [];
  for (const key of ['a', 'b', 'c', 'd']) {
    const headers = { Authorization: `Bearer sk-${key}`, 'X-Forwarded-For': `192.0.2.${key}` };
    found.push((await (await ask(httpd, question, { headers })).done).status);
  }
  expect(found).toEqual([200, 200, 429, 429]);
});
