import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished } from 'vitest';
import { Chromium, findChromium, test, waitUntil } from '../harness/index.ts';
import { fieldsAfterName } from '../harness/processes.ts';
import { administer, numbersAfter } from './administration.ts';

const program = findChromium();
/** `apt-get install chromium` (or a Chrome) lets these run. */
const withBrowser = test.skipIf(program === undefined);

async function startBrowser(): Promise<Chromium> {
  const browser = await Chromium.start(program ?? '');
  onTestFinished(() => browser.close());
  return browser;
}

/** Processor time of a process in milliseconds, of which the kernel counts hundredths of a second. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = fieldsAfterName(stat);
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

// A browser takes its time to start, and much of the rest is waiting.
describe('the status page in Chromium', { timeout: 90_000 }, () => {
  withBrowser('is live, and its own policy forbids nothing of it', async ({ httpd, provider }) => {
    administer(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    const browser = await startBrowser();
    const tab = await browser.open(`${httpd.url}/status`);
    const textOf = (selector: string) =>
      tab.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
    await waitUntil('the page to be live', async () => (await textOf('#live')) === 'Live.');
    for (let i = 0; i < 3; i++) await httpd.get('/page');
    await numbersAfter(httpd, 3);
    await waitUntil('the hits to show', async () =>
      /66\.7 %/.test(String(await textOf('#outcomes'))),
    );
    await waitUntil('the curve to have points', async () =>
      /,/.test(
        String(await tab.evaluate(`document.querySelector('polyline')?.getAttribute('points')`)),
      ),
    );
    expect(await textOf('h1')).toContain('mod_muse_ai');
    expect(tab.said).toEqual([]);
    const [light, dark] = [await tab.picture('light'), await tab.picture('dark')];
    expect(light.equals(dark)).toBe(false);
    const fits = 'document.documentElement.scrollWidth <= window.innerWidth';
    expect(await tab.evaluate(fits)).toBe(true);
    await tab.picture('light', 360);
    expect(await tab.evaluate(fits)).toBe(true);
  });

  withBrowser('is loaded again by itself without scripts', async ({ httpd, provider }) => {
    administer(httpd, provider);
    httpd.config.lines('CustomLog logs/access.log "%U"');
    await httpd.start();
    await httpd.enginesReady();
    const browser = await startBrowser();
    const tab = await browser.open(`${httpd.url}/status`, { scripts: false });
    await waitUntil(
      'it to be loaded three times',
      () =>
        readFileSync(httpd.environment.path('logs', 'access.log'), 'utf8')
          .split('\n')
          .filter((line) => line === '/status').length >= 3,
      { timeoutMs: 40_000 },
    );
    expect(tab.said).toEqual([]);
  });

  withBrowser('costs the engine next to nothing while it is open', async ({ httpd, provider }) => {
    administer(httpd, provider);
    await httpd.start();
    await httpd.enginesReady();
    const { pid } = await httpd.engine();
    const browser = await startBrowser();
    const tab = await browser.open(`${httpd.url}/status`);
    const isLive = async () =>
      (await tab.evaluate(`document.getElementById('live')?.textContent`)) === 'Live.';
    await waitUntil('the page to be live', isLive);
    // Until the engine is warm.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const [before, startedAt] = [processorTime(pid), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const share = (processorTime(pid) - before) / (performance.now() - startedAt);
    process.stdout.write(`the status page costs ${(share * 100).toFixed(2)} % of a core\n`);
    // The aim is 1 %; a machine that is slow for other reasons shall not fail it.
    expect(share).toBeLessThan(0.05);
  });
});
