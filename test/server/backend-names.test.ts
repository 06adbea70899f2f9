/** What engines are told that backends are called. */
import { expect } from 'vitest';
import { type Httpd, test, waitUntil } from '../harness/index.ts';

interface Told {
  readonly backends: readonly Named[];
  readonly former: readonly Named[];
}

interface Named {
  readonly name: string;
  readonly endpoint: string;
}

/** In place of an engine: says its settings to the log, and ends when it is to. */
const listener = `
import { Socket } from 'node:net';
let text = '';
const line = new Socket({ fd: 5, readable: true, writable: true });
line.on('end', () => process.exit(0));
line.on('data', (bytes) => {
  const wasTold = text.includes('\\n');
  text += bytes;
  if (wasTold) process.exit(0);
  if (text.includes('\\n')) process.stderr.write('<5>SETTINGS ' + text.split('\\n')[0] + '\\n');
});
`;

async function toldAfter(httpd: Httpd, mark: number): Promise<Told> {
  const wanted = /SETTINGS (\{.*\})/;
  const whole = await waitUntil('an engine’s settings', () => {
    return httpd.log.matching(wanted, mark)[0]?.whole;
  });
  return JSON.parse(wanted.exec(whole)?.[1] ?? '');
}

const namesOf = ({ backends }: Told) =>
  Object.fromEntries(backends.map(({ endpoint, name }) => [endpoint, name]));

test('a name stands for the same over graceful restarts, and is another in another life', async ({
  httpd,
}) => {
  const write = (...keys: readonly string[]) =>
    httpd.conf.write(
      'hosts.conf',
      keys
        .map((key, i) => `MuseAiEndpoint http://${i}.test/v1\nMuseAiApiKey ${key}`)
        .map((lines, i) => (i === 0 ? lines : `<VirtualHost *>\n${lines}\n</VirtualHost>`))
        .join('\n'),
    );
  const engine = httpd.conf.write('listener.mjs', listener);
  httpd.config.muse({ lines: [`MuseAiEngine ${engine}`, 'Include conf/hosts.conf'] });
  const reload = async (...keys: readonly string[]): Promise<Told> => {
    write(...keys);
    const mark = httpd.log.mark();
    await httpd.graceful();
    return toldAfter(httpd, mark);
  };
  write('one', 'two');
  await httpd.start();
  const first = namesOf(await toldAfter(httpd, 0));
  const [one = '', two = ''] = Object.values(first);
  expect([one, two]).toEqual([1, 2].map(() => expect.stringMatching(/^[0-9a-f]{32}$/)));
  expect(one).not.toBe(two);

  const other = await reload('one', 'three');
  const changed = namesOf(other);
  expect(changed['http://0.test/v1']).toBe(one);
  expect(Object.values(first)).not.toContain(changed['http://1.test/v1']);
  expect(other.former).toMatchObject([{ name: two, api_key: 'two' }]);

  const back = await reload('one', 'two');
  expect(namesOf(back)).toEqual(first);
  expect(back.former).toMatchObject([{ api_key: 'three' }]);

  await httpd.stop();
  const mark = httpd.log.mark();
  await httpd.start();
  const again = await toldAfter(httpd, mark);
  for (const name of Object.values(namesOf(again))) expect([one, two]).not.toContain(name);
  expect(again.former).toEqual([]);
});
