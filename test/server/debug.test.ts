import { expect } from 'vitest';
import { enablePages, test } from '../harness/index.ts';
import { startProvider } from '../provider/index.ts';

const ATTEMPTS = 230;

test('MuseAiDebug On logs as LogLevel muse_ai:debug does, and nothing of other modules', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider);
  httpd.config.logLevel = 'warn';
  httpd.config.lines('MuseAiDebug On');
  httpd.site.write('page.ai', 'Write about the sea.');
  await httpd.start();
  expect((await httpd.get('/page')).status).toBe(200);
  await httpd.log.waitFor(ATTEMPTS);
  const others = httpd.log.lines.filter(({ whole }) =>
    /\[(?!muse_ai)\w+:(info|debug)\]/.test(whole),
  );
  expect(others).toEqual([]);
});

test('MuseAiDebug Off of a virtual host holds there, and LogLevel may say more', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider);
  httpd.config.logLevel = 'warn';
  httpd.config
    .lines('MuseAiDebug On')
    .section('VirtualHost', '*', 'ServerName loud.test', `DocumentRoot "${httpd.site.root}"`)
    .section(
      'VirtualHost',
      '*',
      ...['ServerName quiet.test', `DocumentRoot "${httpd.site.root}"`, 'MuseAiDebug Off'],
    );
  httpd.site.write('page.ai', 'Write about {{ query.topic }}.');
  await httpd.start();
  for (const [index, host] of ['quiet', 'loud', 'quiet', 'loud'].entries()) {
    const headers = { Host: `${host}.test` };
    expect((await httpd.get(`/page?topic=${index}`, { headers })).status).toBe(200);
  }
  await httpd.log.waitFor(ATTEMPTS, { count: 2 });
  await httpd.stop();
  expect(httpd.log.matching(ATTEMPTS)).toHaveLength(2);
});

test('MuseAiDebug On tells neither the key nor the prompt', async ({ httpd }) => {
  await using provider = await startProvider();
  httpd.site.write('page.ai', 'Write about the grey heron.');
  httpd.config.muse({
    models: { models: [{ name: 'writer' }] },
    lines: [
      'MuseAiEnable On',
      'MuseAiDebug On',
      `MuseAiEndpoint ${provider.url}`,
      'MuseAiApiKey key-not-to-be-told',
    ],
  });
  await httpd.start();
  expect((await httpd.get('/page')).status).toBe(200);
  await httpd.log.waitFor(ATTEMPTS);
  expect(provider.requests[0]?.headers.authorization).toBe('Bearer key-not-to-be-told');
  expect(httpd.log.text).not.toContain('key-not-to-be-told');
  expect(httpd.log.text).not.toContain('grey heron');
});
