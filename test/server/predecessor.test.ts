import { describe, expect } from 'vitest';
import { type Httpd, test } from '../harness/index.ts';
import { startProvider } from '../provider/index.ts';
import { full, idle, minimal } from './predecessor-configurations.ts';
import { writerOf } from './writer-of.ts';

const NO_EFFECT = 80;

/** What was said to have no effect, in its order. */
function saidIdle(httpd: Httpd, mark = 0): (string | undefined)[] {
  return httpd.log
    .matching(NO_EFFECT, mark)
    .map(({ text }) => /MUSE0080: (\w+) \(/.exec(text)?.[1]);
}

describe('the predecessor’s configuration', () => {
  test('of a few lines serves pages, and their source to nobody', async ({ httpd, provider }) => {
    httpd.config.muse({ lines: minimal({ first: provider.url, second: '' }) });
    httpd.site.write('page.ai', 'Write about the sea.');
    await httpd.start();
    for (const path of ['/page.ai', '/page']) expect(await writerOf(httpd, path)).toBe('llama3.2');
  });

  test('with every directive serves pages, and each directive does what it says', async ({
    httpd,
    provider,
  }) => {
    await using second = await startProvider();
    httpd.conf.write('prompts/system_prompt.txt', 'Never read.');
    httpd.conf.write('prompts/system_prompt.min.txt', 'Write briefly.');
    httpd.conf.write('prompts/layout.min.txt', 'One column.');
    httpd.config.muse({
      lines: full({ first: provider.url, second: second.url }, httpd.conf.path('prompts')),
    });
    for (const name of ['a', 'b']) httpd.site.write(`${name}.ai`, `Write about ${name}.`);
    await httpd.start();
    httpd.log.expect(NO_EFFECT);
    for (const name of ['a', 'b']) expect(await writerOf(httpd, `/${name}`)).toBe('qwen3');
    expect([provider.received, second.received]).toEqual([1, 1]);
    for (const { requests } of [provider, second]) {
      const [request] = requests;
      expect(request?.headers.authorization).toBe('Bearer key-of-predecessor');
      expect(request?.field('thinking')).toBe(false);
      expect(request?.field('max_tokens')).toBe(4_096);
      expect(request?.messages[0]?.content).toMatch(/^Write briefly\.\n\nOne column\./);
    }
    const { headers } = await httpd.get('/a', { headers: { Origin: 'https://www.example.com' } });
    expect(headers['cache-control']).toBe('max-age=600');
    expect(headers['access-control-allow-origin']).toBe('https://www.example.com');
    expect(saidIdle(httpd)).toEqual(idle);
  });
});

describe('a directive without effect', () => {
  test('is said once, with its place and what to use instead, and not after each restart', async ({
    httpd,
    provider,
  }) => {
    httpd.config.muse({ lines: minimal({ first: provider.url, second: '' }) });
    httpd.config.lines('MuseAiCacheMaxEntries 1000', 'MuseAiWriteTimeout 30');
    httpd.config.section('Directory', httpd.site.root, 'MuseAiCacheMaxEntries 50');
    await httpd.start();
    httpd.log.expect(
      /:notice\].*MUSE0080: MuseAiCacheMaxEntries \(\S+httpd\.conf:\d+, and 1 more\) has no effect: .*MuseAiSharedMemory/,
      /MUSE0080: MuseAiWriteTimeout \(\S+httpd\.conf:\d+\) has no effect: .*MuseAiTimeout/,
      /MUSE0080: MuseAiHealthCheckInterval /,
    );
    expect(saidIdle(httpd)).toEqual(['MuseAiCacheMaxEntries', 'MuseAiWriteTimeout']);
    let mark = httpd.log.mark();
    await httpd.graceful();
    await httpd.restart();
    expect(saidIdle(httpd, mark)).toEqual([]);
    httpd.config.lines('MuseAiHealthCheckInterval 5');
    mark = httpd.log.mark();
    await httpd.graceful();
    expect(saidIdle(httpd, mark)).toEqual([
      'MuseAiCacheMaxEntries',
      'MuseAiWriteTimeout',
      'MuseAiHealthCheckInterval',
    ]);
  });

  test('is none for httpd -t to speak of', async ({ httpd }) => {
    httpd.config.muse({ lines: ['MuseAiCacheMaxEntries 1000'] });
    expect(await httpd.check()).toEqual({ ok: true, said: 'Syntax OK' });
  });
});
