/** Settings are nobody's business, also where a link leads to them. */
import { symlinkSync } from 'node:fs';
import { expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import { test } from '../harness/index.ts';

const secret = 'A key that is nobody’s business.';

test('models.json and prompts are refused by whatever links they are reached', async ({
  httpd,
  provider,
}) => {
  const models = { models: [{ name: 'm', endpoint: provider.url, api_key: secret }] };
  httpd.conf.writeJson('real/models.json', models);
  httpd.conf.writeJson('real/models.json~', models);
  httpd.conf.write('real/prompts/deep/system_prompt.txt', secret);
  httpd.conf.write('real/logo.txt', 'for everybody');
  httpd.conf.writeJson('elsewhere/models.json', { for: 'everybody' });
  symlinkSync(httpd.conf.path('real'), httpd.site.path('linked'));
  symlinkSync(httpd.conf.path('elsewhere'), httpd.site.path('elsewhere'));
  symlinkSync(httpd.conf.path('real/models.json'), httpd.site.path('models.json'));
  httpd.config.muse({
    lines: [
      `MuseAiModels ${quote(httpd.conf.path('real/models.json'))}`,
      `MuseAiPromptsDir ${quote(httpd.conf.path('real/prompts'))}`,
      'Options FollowSymLinks',
    ],
  });
  await httpd.start();
  const linked = ['/linked/models.json', '/linked/models.json~', '/models.json'];
  for (const path of [...linked, '/linked/prompts/deep/system_prompt.txt']) {
    const { status, text } = await httpd.get(path);
    expect([path, status, text.includes(secret)]).toEqual([path, 403, false]);
  }
  for (const path of ['/linked/logo.txt', '/elsewhere/models.json']) {
    expect([path, (await httpd.get(path)).text]).toEqual([
      path,
      expect.stringContaining('everybody'),
    ]);
  }
  httpd.log.allow(/MUSE02/);
});
