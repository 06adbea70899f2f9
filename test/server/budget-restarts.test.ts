/** Budgets over restarts, days and the end of engines. */
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { Gate, say } from '../provider/index.ts';
import {
  allBudgets,
  budgetOf,
  budgetPages,
  enable,
  expectUsedUp,
  settledBudget,
  tokensOfPage,
  usedUp,
} from './budgeted-pages.ts';
import { writeLateEngine } from './late-engine.ts';
import { killed, readyAgain } from './topic-pages.ts';

const fileOf = (httpd: Httpd) => httpd.environment.path('run', 'muse-ai-state', 'budgets');

/** Waits until the file says that so many tokens are used. */
async function fileWith(httpd: Httpd, tokens: number): Promise<void> {
  await waitUntil('the file to be written', () => {
    if (!existsSync(fileOf(httpd))) return false;
    return readFileSync(fileOf(httpd), 'utf8').includes(` ${tokens} Directory`);
  });
}

describe('what a budget has used', () => {
  test('is kept over a graceful restart', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens');
    await httpd.start();
    const tokens = await tokensOfPage(httpd);
    await httpd.graceful();
    expect((await httpd.get('/page?n=101')).status).toBe(503);
    expect((await budgetOf(httpd)).used).toBe(tokens);
    expect(provider.received).toBe(1);
    httpd.log.expect(usedUp);
  });

  test('is kept over a stop and a start, in a file for httpd’s user alone', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens');
    await httpd.start();
    const tokens = await tokensOfPage(httpd);
    await httpd.stop();
    expect(readFileSync(fileOf(httpd), 'utf8')).toMatch(
      new RegExp(`^muse-ai-budgets 1 .+\\n\\d+ tokens 1 ${tokens} Directory .+\\n$`),
    );
    expect(statSync(fileOf(httpd)).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(fileOf(httpd))).mode & 0o777).toBe(0o700);
    await httpd.start();
    expect((await httpd.get('/page?n=101')).status).toBe(503);
    expect((await budgetOf(httpd)).used).toBe(tokens);
    httpd.log.expect(usedUp);
  });

  test('is kept when all of httpd is killed', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens');
    await httpd.start();
    const tokens = await tokensOfPage(httpd);
    await fileWith(httpd, tokens);
    for (const { pid } of httpd.supervisors()) process.kill(pid, 'SIGKILL');
    await httpd.killParent();
    await httpd.stop();
    await httpd.start();
    expect((await httpd.get('/page?n=101')).status).toBe(503);
    httpd.log.allow(/MUSE0012/, /MUSE0047/, /AH00\d+/);
    httpd.log.expect(usedUp);
  });

  test('is over with its day, and not given back by a clock that goes back', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens');
    // Here it is always a later day of the calendar than there, by one or two.
    const [later, earlier] = ['Etc/GMT-14', 'Etc/GMT+12'];
    httpd.env.TZ = earlier;
    await httpd.start();
    const tokens = await tokensOfPage(httpd);
    expect((await httpd.get('/page?n=101')).status).toBe(503);
    await httpd.stop();
    httpd.env.TZ = later;
    await httpd.start();
    expect((await httpd.get('/page?n=101')).status).toBe(200);
    expect((await httpd.get('/page?n=102')).status).toBe(503);
    await httpd.stop();
    httpd.env.TZ = earlier;
    await httpd.start();
    expect((await httpd.get('/page?n=103')).status).toBe(503);
    expect((await budgetOf(httpd)).used).toBe(tokens);
    await expectUsedUp(httpd, 3);
  });

  test('has all that a killed engine had reserved', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1000000 tokens');
    const gate = new Gate();
    provider.script(scriptedModel, say(['<!doctype html>', '<p>x</p>'], { gate }));
    await httpd.start();
    const visitor = httpd.open('/page?n=100');
    await gate.arrived(1);
    const { reserved } = await budgetOf(httpd);
    expect(reserved).toBeGreaterThan(500);
    await (await httpd.engine()).kill();
    // httpd asks the next engine, which reserves for itself.
    await gate.arrived(2);
    expect((await budgetOf(httpd)).reserved).toBe(reserved);
    gate.open();
    expect((await visitor.done).status).toBe(200);
    const { used } = await settledBudget(httpd);
    expect(used).toBeGreaterThan(reserved);
    expect(used).toBeLessThan(2 * reserved);
    httpd.log.expect(killed, readyAgain);
  });

  test('is kept when the shared memory is made anew', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens');
    await httpd.start();
    const tokens = await tokensOfPage(httpd);
    await fileWith(httpd, tokens);
    httpd.config.lines('MuseAiSharedMemory 8M');
    await httpd.graceful();
    expect((await httpd.get('/page?n=101')).status).toBe(503);
    // Until the next supervisor has read the file, the engine from before knows what was used.
    const [again] = await waitUntil('the budget in the new memory', async () => {
      const found = await allBudgets(httpd);
      return found.length > 0 && found;
    });
    expect(again?.used).toBe(tokens);
    httpd.log.expect(usedUp);
  });
});

describe('the folder of the state', () => {
  test('is the one that MuseAiStateDir names', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1000000 tokens');
    const folder = httpd.environment.path('state');
    httpd.config.lines(`MuseAiStateDir "${folder}"`);
    await httpd.start();
    const tokens = await tokensOfPage(httpd);
    await httpd.stop();
    expect(readFileSync(`${folder}/budgets`, 'utf8')).toContain(` tokens 1000000 ${tokens} `);
  });

  test('that is somebody else’s is not used, and budgets are kept all the same', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1 tokens');
    const folder = httpd.environment.path('run', 'muse-ai-state');
    mkdirSync(folder);
    chownSync(folder, 12_345, 12_345);
    await httpd.start();
    await tokensOfPage(httpd);
    expect((await httpd.get('/page?n=101')).status).toBe(503);
    httpd.log.expect(/MUSE0096: the folder .* can't be used/, usedUp);
  });

  test('that can’t be written any more is said once, and when it can again', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1000000 tokens');
    await httpd.start();
    const tokens = await tokensOfPage(httpd);
    await fileWith(httpd, tokens);
    // A folder in the way of the new file.
    mkdirSync(`${fileOf(httpd)}.new`);
    await httpd.get('/page?n=101');
    await httpd.log.waitFor(97);
    await httpd.get('/page?n=102');
    rmdirSync(`${fileOf(httpd)}.new`);
    await httpd.log.waitFor(98);
    httpd.log.expect(97, 98);
    expect(httpd.log.matching(97)).toHaveLength(1);
  });

  test('that two servers share is said by the one that loses it', async ({ httpd, provider }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1000000 tokens');
    await httpd.start();
    await fileWith(httpd, await tokensOfPage(httpd));
    writeFileSync(fileOf(httpd), 'muse-ai-budgets 1 another.httpd\n');
    await httpd.get('/page?n=101');
    await httpd.log.waitFor(97);
    await httpd.get('/page?n=102');
    await settledBudget(httpd);
    await httpd.stop();
    expect(readFileSync(fileOf(httpd), 'utf8')).toBe('muse-ai-budgets 1 another.httpd\n');
    httpd.log.expect(/MUSE0097.*another httpd has the same/);
    expect(httpd.log.matching(97)).toHaveLength(1);
  });

  test('that new memory takes over is not said to be another server’s', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1000000 tokens');
    using late = writeLateEngine(httpd);
    await httpd.start();
    const tokens = await tokensOfPage(httpd);
    await fileWith(httpd, tokens);
    const old = await httpd.engine();
    httpd.config.lines('MuseAiSharedMemory 8M', late.directive);
    await httpd.graceful();
    await waitUntil('the next supervisor', async () => (await allBudgets(httpd)).length > 0);
    expect((await httpd.get('/page?n=101')).status).toBe(200);
    // Nothing shows that the supervisor from before has looked at the file, as it often does.
    await sleep(1_500);
    late.begin();
    await old.gone();
  });

  test('with a file that is not understood is said, and written anew', async ({
    httpd,
    provider,
  }) => {
    budgetPages(httpd, provider, 'MuseAiBudget 1000000 tokens');
    await httpd.start();
    await tokensOfPage(httpd);
    await httpd.stop();
    writeFileSync(fileOf(httpd), '\u0000nonsense\n');
    await httpd.start();
    expect((await httpd.get('/page?n=101')).status).toBe(200);
    expect((await settledBudget(httpd)).used).toBeGreaterThan(0);
    await waitUntil('the file to be written', () =>
      readFileSync(fileOf(httpd), 'utf8').startsWith('muse-ai-budgets 1 '),
    );
    httpd.log.expect(99);
  });
});

test('budgets with the names of vhosts are told apart', async ({ httpd, provider }) => {
  budgetPages(httpd, provider);
  httpd.config.lines(
    '<VirtualHost *:*>',
    'ServerName localhost',
    `DocumentRoot "${httpd.site.root}"`,
    '<IfModule mpm_event_module>',
    'MuseAiBudget 1 tokens',
    '</IfModule>',
    '</VirtualHost>',
  );
  enable(httpd);
  await httpd.start();
  await httpd.get('/page?n=100');
  expect((await allBudgets(httpd)).map(({ name }) => name)).toEqual(['all pages of localhost']);
});
