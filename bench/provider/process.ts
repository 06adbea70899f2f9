/**
 * The scripted provider as a process of its own, so that it takes no time from the event loop that
 * measures. Asked for `last` over IPC it tells the request that it received last.
 */
import { scriptByName, startProvider } from '../../test/provider/index.ts';
import { say } from '../../test/provider/script.ts';
import { writePage } from './page.ts';

const provider = await startProvider({
  remember: 1,
  fallback: ({ model }) => {
    const page = writePage(model);
    return page === undefined ? scriptByName(model) : say(page);
  },
});

process.on('message', () => {
  const last = provider.requests.at(-1);
  const answer = last && { path: last.path, headers: last.headers, body: last.text };
  process.send?.({ last: answer });
});
process.once('disconnect', () => void provider.close());
process.send?.({ url: provider.url });
