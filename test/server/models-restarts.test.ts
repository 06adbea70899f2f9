/** A graceful restart with another MuseAiModels. */
import { expect } from 'vitest';
import { modelsAt, test, waitUntil } from '../harness/index.ts';
import { writeLateEngine } from './late-engine.ts';
import { writerOf } from './writer-of.ts';

test('has no page written, kept or chosen by the models from before', async ({
  httpd,
  provider,
}) => {
  using late = writeLateEngine(httpd);
  const oldModels = { models: [{ name: 'old', endpoint: provider.url }] };
  const oldPath = httpd.conf.writeJson('old.json', oldModels);
  const newPath = httpd.conf.writeJson('new.json', modelsAt(provider, 'new'));
  httpd.site.write('page.ai', 'Write.');
  httpd.config.muse({ lines: ['MuseAiEnable On', 'Include conf/site.conf'] });
  httpd.conf.write('site.conf', `MuseAiModels ${oldPath}`);
  httpd.config.lines('LogLevel muse_ai:debug');
  await httpd.start();
  await httpd.enginesReady();
  expect(await writerOf(httpd, '/page')).toBe('old');
  const old = await httpd.engine();
  httpd.conf.write('site.conf', `MuseAiModels ${newPath}\n${late.directive}\n`);
  await httpd.graceful();
  const page = writerOf(httpd, '/page');
  await waitUntil(
    'a refusal by the engine from before',
    () => httpd.log.matching(94).length > 0 || provider.received > 1,
  );
  late.begin();
  expect(await page).toBe('new');
  await old.gone();
  expect(await writerOf(httpd, '/page')).toBe('new');
  expect(provider.requests.map(({ model }) => model)).toEqual(['old', 'new']);
});
