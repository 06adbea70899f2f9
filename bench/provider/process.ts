/**
 * The scripted provider as a process of its own, so that it takes no time from the event loop that
 * measures. `page-BYTES-WORD` is written at once, `page-BYTES-WORD,delay-MS` with pauses between
 * the words.
 */
import { scriptByName, startProvider } from '../../test/provider/index.ts';
import { say } from '../../test/provider/script.ts';
import { writePage } from './page.ts';

const provider = await startProvider({
  remember: 1,
  fallback: ({ model }) => {
    const page = writePage(model);
    if (page === undefined) return scriptByName(model);
    const delay = /,delay-(\d+)$/.exec(model)?.[1];
    return say(page, delay === undefined ? {} : { betweenMs: Number(delay) });
  },
});

process.once('disconnect', () => void provider.close());
process.send?.({ url: provider.url });
