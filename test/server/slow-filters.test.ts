import { expect } from 'vitest';
import { enablePages, scriptedModel, test } from '../harness/index.ts';
import { Gate, say } from '../provider/index.ts';
import { fewThreads } from './few-threads.ts';
import { opening, tokens } from './gated-page.ts';

test('a filter that takes its time with some pages holds up no others', async ({
  httpd,
  provider,
}) => {
  fewThreads(httpd, 8);
  httpd.config
    .modules('ratelimit', 'env')
    .section('Location', '/slow', 'SetOutputFilter RATE_LIMIT', 'SetEnv rate-limit 4');
  enablePages(httpd, provider);
  httpd.site.write('page.ai', 'Write about {{ query.n }}.');
  httpd.site.write('slow.ai', 'Write much about {{ query.n }}.');
  const slow = new Gate();
  const gate = new Gate();
  const large = [opening, `<p>${'x'.repeat(400_000)}</p>`, '</body></html>'];
  provider.script(scriptedModel, ({ messages }) =>
    messages.at(-1)?.content.includes('much') ? say(large, { gate: slow }) : say(tokens, { gate }),
  );
  await httpd.start();
  const slows = [1, 2].map((n) => httpd.open(`/slow?n=${n}`));
  const page = httpd.open('/page?n=1');
  await slow.arrived(2);
  await gate.arrived();
  slow.open();
  for (const each of slows) await each.waitFor('xxx');
  gate.open();
  expect((await page.done).text).toBe(tokens.join(''));
  expect(slows.map(({ over }) => over)).toEqual([false, false]);
  for (const each of slows) each.leave();
});
