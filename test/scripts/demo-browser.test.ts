import { expect, onTestFinished, test } from 'vitest';
import { Chromium, findChromium } from '../harness/live-browser.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { startDemo } from './start-demo.ts';

const program = findChromium();

/** `apt-get install chromium` (or a Chrome) lets this run. */
const withBrowser = test.skipIf(program === undefined);

withBrowser(
  'the pages of the demo that talk to the server do so, and fit a phone',
  async () => {
    const { child, exited, output, url } = await startDemo();
    const base = await waitUntil(() => `the URL in:\n${output.text}`, url);
    const browser = await Chromium.start(program ?? '');
    onTestFinished(() => browser.close());

    async function press(path: string, button: string, shown: RegExp): Promise<void> {
      const tab = await browser.open(base + path);
      const text = async () => String(await tab.evaluate('document.body?.innerText'));
      // Not the empty page that each tab begins with.
      const isThere = `location.pathname === '${path}' && document.readyState === 'complete'`;
      await waitUntil('the page', async () => (await tab.evaluate(isThere)) === true);
      await tab.evaluate(`document.querySelector('${button}').click()`);
      await waitUntil(`${shown} on ${path}`, async () => shown.test(await text()));
      await tab.picture('light', 360);
      const fits = 'document.documentElement.scrollWidth <= window.innerWidth';
      expect([path, await tab.evaluate(fits), tab.said]).toEqual([path, true, []]);
    }

    await press('/cache.html', '#once', /200\s+muse; fwd=uri-miss; stored/);
    await press('/cache.html', '#once', /200\s+muse; hit; ttl=/);
    await press('/events.html', '#read', /\d+ chunks, then: done .*"finish_reason":"stop"/);
    await press('/later.html', '#order', /202\s+\{"status":"writing"[\s\S]*200\s+Preview:/);
    await press('/door.html', 'body', new RegExp(`curl ${base}/v1/models`));
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  },
  90_000,
);
