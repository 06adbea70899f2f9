/** What becomes, at a restart, of the sockets that engines listen at, which outlive it. */
import { rmSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type Httpd, test } from '../harness/index.ts';
import { expectPage, prepare, ready, sockets } from './topic-pages.ts';

const isRoot = process.getuid?.() === 0;

describe.each(['graceful', 'restart'] as const)('after %s()', (how) => {
  async function again(httpd: Httpd): Promise<void> {
    const mark = httpd.log.mark();
    await httpd[how]();
    await httpd.log.waitFor(ready, { mark });
  }

  // Only root's httpd has a User.
  test.runIf(isRoot)('they are for another User, if there is one', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    await expectPage(httpd, 'before', 'fwd');
    httpd.config.lines('User games', 'Group games');
    await again(httpd);
    await expectPage(httpd, 'after', 'fwd');
    httpd.log.expect(96); // the folder of budgets is left to the administrator
  });

  test('one whose file was removed is there again', async ({ httpd, provider }) => {
    prepare(httpd, provider);
    await httpd.start();
    const [name = ''] = sockets(httpd);
    rmSync(httpd.environment.path('run', name));
    await again(httpd);
    expect(sockets(httpd)).toEqual([name]);
    await expectPage(httpd, 'after', 'fwd');
  });
});
