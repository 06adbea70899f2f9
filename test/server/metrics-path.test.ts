import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type Httpd, test, useModel, waitUntil } from '../harness/index.ts';

/** The handlers of the requests so far, by path. */
function handlers(httpd: Httpd): Record<string, string> {
  const log = readFileSync(httpd.environment.path('logs', 'access.log'), 'utf8');
  return Object.fromEntries(
    log
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
}

test('MuseAiMetricsEndpoint is where the handler of metrics answers', async ({
  httpd,
  provider,
}) => {
  useModel(httpd, provider);
  httpd.config
    .lines(
      'CustomLog logs/access.log "%U %R"',
      'MuseAiMetricsEndpoint /metrics',
      '<Location "/closed">',
      '  Require all denied',
      '  SetHandler metrics-handler',
      '</Location>',
    )
    .section(
      'VirtualHost',
      '*',
      ...['ServerName own.test', 'MuseAiMetricsEndpoint /own-metrics'],
      `DocumentRoot "${httpd.site.root}"`,
    );
  httpd.site.write('other.txt', 'other');
  await httpd.start();
  httpd.log.expect(/AH01630: client denied .*\/closed/);
  const own = { headers: { Host: 'own.test' } };
  const metrics = await httpd.get('/own-metrics', own);
  expect(metrics.status).toBe(200);
  expect(metrics.text).toContain('\nmuse_up ');
  expect((await httpd.get('/other.txt', own)).status).toBe(200);
  expect((await httpd.get('/closed', own)).status).toBe(403);
  // httpd writes a line after the last byte of the answer.
  await waitUntil('three lines in the access log', () => Object.keys(handlers(httpd)).length === 3);
  expect(handlers(httpd)).toMatchObject({
    '/own-metrics': 'muse-ai-metrics',
    '/other.txt': '-',
  });
});

test('MuseAiMetricsEnable Off answers 404 there, and for each SetHandler', async ({
  httpd,
  provider,
}) => {
  useModel(httpd, provider);
  httpd.config.lines('MuseAiMetricsEndpoint /metrics', 'MuseAiMetricsEnable Off');
  for (const [path, handler] of [
    ['/a', 'muse-ai-metrics'],
    ['/b', 'metrics-handler'],
  ] as const) {
    httpd.config.section('Location', path, `SetHandler ${handler}`);
  }
  for (const name of ['metrics', 'a', 'b', 'c']) httpd.site.write(name, 'a file');
  await httpd.start();
  for (const [path, status] of [
    ['/metrics', 404],
    ['/a', 404],
    ['/b', 404],
    ['/c', 200],
  ] as const) {
    expect([path, (await httpd.get(path)).status]).toEqual([path, status]);
  }
});
