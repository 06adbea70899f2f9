/** Prompts, models.json and keys are source: nobody gets them by a URL, by whatever name. */
import { describe, expect } from 'vitest';
import { quote } from '../../scripts/httpd/base-config.ts';
import { enablePages, findFreePort, sendRaw, test, useModel } from '../harness/index.ts';
import { say } from '../provider/index.ts';

const secret = 'A prompt that is nobody’s business.';

/** What editors, merges, packagers and people leave beside `page.ai`. */
const copies = [
  ...['page.ai~', 'page.ai.~1~', '#page.ai#', '.page.ai.swp', '.page.ai.swo', '.page.ai.swx'],
  ...['page.ai.bak', 'page.ai.BAK', 'PAGE.AI.bak', 'page.ai.bak~', 'page.ai.orig', 'page.ai.old'],
  ...['page.ai.save', 'page.ai.save.1', 'page.ai.tmp', 'page.ai.rej', 'page.ai.new', 'page.ai.1'],
  ...['.page.ai.un~', 'page.ai.dpkg-old', 'page.ai.rpmsave', 'page.ai,v', 'page.ai_old'],
  ...['page.ai-backup', 'page.ai (copy)', 'page.ai.kate-swp', 'page.es.ai~', '~page.ai~'],
];
/** Files that only look a little like it. */
const others = [
  'page.ai.html',
  'openai.air',
  'site.ai.js',
  'site.ai-news.html',
  'maid.bak',
  'ai.bak',
];

describe('copies of a page’s source', () => {
  test('are refused, be pages enabled there or not', async ({ httpd, provider }) => {
    useModel(httpd, provider);
    for (const folder of ['on', 'off']) {
      httpd.site.write(`${folder}/page.ai`, secret);
      for (const name of copies) httpd.site.write(`${folder}/${name}`, secret);
      for (const name of others) httpd.site.write(`${folder}/${name}`, 'for everybody');
      const state = folder === 'on' ? 'On' : 'Off';
      httpd.config.section('Directory', httpd.site.path(folder), `MuseAiEnable ${state}`);
    }
    await httpd.start();
    for (const folder of ['on', 'off']) {
      for (const name of copies) {
        for (const method of ['GET', 'HEAD', 'POST']) {
          const path = `/${folder}/${encodeURIComponent(name)}`;
          const { status, text } = await httpd.get(path, { method });
          expect([path, method, status, text.includes(secret)]).toEqual([path, method, 403, false]);
        }
      }
      for (const name of others) {
        const { status, text } = await httpd.get(`/${folder}/${name}`);
        expect([name, status, text]).toEqual([name, 200, 'for everybody']);
      }
    }
    expect((await httpd.log.waitFor(101)).text).toContain('MuseAiProtectSource Off');
    expect(provider.received).toBe(0);
  });

  test('are sent where MuseAiProtectSource is off, and Illustrator’s always', async ({
    httpd,
    provider,
  }) => {
    useModel(httpd, provider);
    httpd.site.write('open/page.ai.bak', secret);
    httpd.site.write('drawing.ai~', '%PDF-1.5 a drawing');
    httpd.config.section('Directory', httpd.site.path('open'), 'MuseAiProtectSource Off');
    await httpd.start();
    expect((await httpd.get('/open/page.ai.bak')).text).toBe(secret);
    expect((await httpd.get('/drawing.ai~')).text).toBe('%PDF-1.5 a drawing');
  });
});

test('settings that lie among the documents are refused, and so are their copies', async ({
  httpd,
  provider,
}) => {
  const models = { models: [{ name: 'm', endpoint: provider.url, api_key: secret }] };
  httpd.site.writeJson('models.json', models);
  for (const name of ['models.json~', '.models.json.swp', 'models.json.bak', '#models.json#']) {
    httpd.site.writeJson(name, models);
  }
  httpd.site.write('prompts/system_prompt.txt', secret);
  httpd.site.write('prompts/deep/part.txt', secret);
  httpd.site.write('prompts/layout.txt~', secret);
  httpd.site.write('prompts/layout.ai', secret);
  httpd.site.write('prompts/logo.svg', 'for everybody');
  httpd.site.write('keys', secret);
  httpd.site.write('other/models.json', 'for everybody');
  httpd.site.write('models.json.txt', 'for everybody');
  httpd.site.write('keys.html', 'for everybody');
  httpd.config.muse({
    lines: [
      `MuseAiModels ${quote(httpd.site.path('models.json'))}`,
      `MuseAiPromptsDir ${quote(httpd.site.path('prompts'))}`,
    ],
  });
  httpd.config.section('Location', '/llm', `MuseAiClientKeys ${quote(httpd.site.path('keys'))}`);
  await httpd.start();
  const refused = [
    ...['/models.json', '/models.json~', '/.models.json.swp', '/models.json.bak'],
    ...['/%23models.json%23', '/prompts/system_prompt.txt', '/prompts/deep/part.txt', '/keys'],
    ...['/prompts/layout.txt~', '/prompts/layout.ai', '//models.json', '/other/../models.json'],
    ...['/%6dodels.json', '/prompts/./system_prompt.txt'],
  ];
  for (const path of refused) {
    const { status, text } = await httpd.get(path);
    expect([path, status, text.includes(secret)]).toEqual([path, 403, false]);
  }
  for (const path of [
    '/other/models.json',
    '/prompts/logo.svg',
    '/keys.html',
    '/models.json.txt',
  ]) {
    expect([path, (await httpd.get(path)).text]).toEqual([path, 'for everybody']);
  }
  httpd.log.allow(/MUSE02|MUSE007/);
});

describe('a path', () => {
  test('leads out of the documents in no spelling', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.conf.write('outside.ai', secret);
    httpd.site.write('folder/page.ai', 'Write about the sea.');
    await httpd.start();
    const ups = ['..', '%2e%2e', '.%2e', '%252e%252e', '..;', '..%00', '..%5c', '%c0%ae%c0%ae'];
    const paths = ups.flatMap((up) =>
      ['/', '%2f', '%5c'].map((slash) => `/folder/${up}${slash}${up}${slash}conf${slash}outside`),
    );
    for (const path of [...paths, '/folder%2fpage', '/folder/page%00', '/folder/page.ai%00.html']) {
      // As it stands: a URL of Node.js would be made neat before it is sent.
      const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
      const answer = await sendRaw(httpd.port, request);
      expect([path, answer.split(' ')[1]]).toEqual([path, expect.stringMatching(/^40[034]$/)]);
    }
    expect(provider.received).toBe(0);
    httpd.log.allow(/AH\d+/);
  });

  test('with encoded slashes is the page’s only where AllowEncodedSlashes says so', async ({
    httpd,
    provider,
  }) => {
    enablePages(httpd, provider);
    httpd.config.lines('AllowEncodedSlashes On');
    httpd.conf.write('outside.ai', secret);
    httpd.site.write('folder/page.ai', 'Write about the sea.');
    await httpd.start();
    const statusOf = async (path: string) => (await httpd.get(path)).status;
    expect(await statusOf('/folder%2fpage')).toBe(200);
    for (const path of ['/folder%2f..%2f..%2fconf%2foutside', '/..%2fconf%2foutside']) {
      expect([path, await statusOf(path)]).toEqual([path, expect.toBeOneOf([400, 403, 404])]);
    }
    expect(provider.received).toBe(1);
    httpd.log.allow(/AH\d+/);
  });
});

describe('an include', () => {
  test('leads out of the page’s folder by no name and no link', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    provider.script('scripted', (request) => say(`${request.messages.at(-1)?.content}`));
    httpd.conf.write('outside.txt', secret);
    httpd.site.link('pages/linked.txt', httpd.conf.path('outside.txt'));
    httpd.site.link('pages/folder', httpd.conf.root);
    const names = [
      ...['../../conf/outside.txt', `${httpd.conf.path('outside.txt')}`, 'linked', 'linked.txt'],
      ...['folder/outside.txt', './../../conf/outside.txt', '/etc/passwd', '//etc/passwd'],
    ];
    for (const [i, name] of names.entries()) {
      httpd.site.write(`pages/page${i}.ai`, `Write. {% include "${name}" %}`);
    }
    await httpd.start();
    for (const i of names.keys()) {
      const { status, text } = await httpd.get(`/pages/page${i}`);
      expect([names[i], status]).toEqual([names[i], 500]);
      expect(text).not.toContain(secret);
    }
    expect(provider.received).toBe(0);
    httpd.log.expect(284);
  });

  test('is never chosen by a visitor', async ({ httpd, provider }) => {
    enablePages(httpd, provider);
    httpd.site.write('other.txt', secret);
    httpd.site.write('page.ai', 'Write. {% include query.part %}');
    await httpd.start();
    for (const part of ['other', 'other.txt', '../conf/models.json']) {
      expect((await httpd.get(`/page?part=${encodeURIComponent(part)}`)).status).toBe(500);
    }
    expect(provider.received).toBe(0);
    httpd.log.allow(/MUSE022|MUSE0284/);
  });
});

test('no address of the host’s other services is asked at a visitor’s word', async ({
  httpd,
  provider,
}) => {
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about {{ query.x }}.');
  await httpd.start();
  await httpd.enginesReady();
  const inner = `http://127.0.0.1:${await findFreePort()}/`;
  const headers = { 'X-Muse-Model': inner, 'X-Muse-Endpoint': inner, Host: 'localhost' };
  expect((await httpd.get(`/page?x=1&endpoint=${inner}&model=${inner}`, { headers })).status).toBe(
    200,
  );
  expect(provider.received).toBe(1);
  httpd.log.expect(31);
});
