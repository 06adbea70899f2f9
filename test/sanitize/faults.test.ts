import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { loadModule } from '../../scripts/httpd/base-config.ts';
import { enablePages, test } from '../harness/index.ts';
import { type SanitizerName, sanitizerName } from '../harness/sanitizer.ts';

/** What each of them has to find, and where it says so. */
const finds: Record<SanitizerName, readonly (readonly [fault: string, told: RegExp])[]> = {
  asan: [
    ['overflow', /heap-buffer-overflow(?:.|\n)*\boverflow\b/],
    ['shift', /mod_muse_faulty\.c:\d+:\d+: runtime error: left shift of negative value/],
    ['leak', /LeakSanitizer: detected memory leaks(?:.|\n)*\bin leak\b/],
  ],
  tsan: [['race', /WARNING: ThreadSanitizer: data race(?:.|\n)*\badd_to_shared\b/]],
  valgrind: [
    ['uninitialised', /depends on uninitialised value(?:.|\n)*: uninitialised \(/],
    ['leak', /definitely lost(?:.|\n)*: leak \(/],
  ],
};

const name = sanitizerName() ?? 'asan';

describe('a fault in a module is told of', () => {
  test.for(finds[name])('%s', async ([fault, told], { httpd }) => {
    const file = 'mod_muse_faulty.so';
    const { installation, conf } = httpd.environment;
    const module = conf.copy(file, join(installation.module, '..', file));
    httpd.config
      .lines(loadModule('muse_faulty', module))
      .section('Location', '/faulty', 'SetHandler muse-faulty');
    // What AddressSanitizer itself finds is the end of the child.
    httpd.log.allow(/AH00051|AH00052|runtime error|#\d+ 0x/);
    await httpd.start();
    await httpd.get(`/faulty?${fault}`).catch(() => undefined);
    await httpd.stop();
    expect(httpd.environment.takeReports() + httpd.log.text).toMatch(told);
  });
});

/** The add-on alone needs the second. */
const inEngine = name === 'asan' ? ['libasan.so', 'libubsan.so'] : [];

test.for(inEngine)('the engine has %s in it', async (library, { httpd, provider }) => {
  enablePages(httpd, provider);
  await httpd.start();
  await httpd.enginesReady();
  const { pid } = await httpd.engine();
  expect(readFileSync(`/proc/${pid}/maps`, 'utf8')).toContain(library);
});
