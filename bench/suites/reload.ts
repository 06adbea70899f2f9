import type { Httpd } from '../../test/harness/httpd.ts';
import { waitUntil } from '../../test/harness/wait-until.ts';
import { ProviderProcess } from '../provider/client.ts';
import { modelsFile } from '../provider/models.ts';
import { writePage } from '../provider/page.ts';
import { whole } from '../report/figures.ts';
import { withHttpd } from '../server.ts';
import type { Suite, SuiteContext, SuiteReport } from '../suite.ts';
import { ReloadLoad } from './reload-load.ts';

/** In turn: a replacement's page differs from those of the two before, whichever is in force. */
const models = ['one', 'two', 'three', 'four'].map((word) => `page-2048-${word}`);
/** MUSE0210: models.json was read and is in force. */
const reloaded = 210;
/** One replacement of so many is followed by the next at once. */
const hurryEvery = 5;

export const reload: Suite = {
  name: 'reload',
  title: 'models.json replaced under load',
  method: [
    'models.json is replaced over and over by a rename, in turn with one of four contents whose ' +
      'models write different pages, while four clients ask for one page (mostly found in the ' +
      'cache) and two for pages never asked for before. Four replacements of five wait until they ' +
      'are seen to be in force; the fifth is replaced as soon as each kind of client has had ' +
      'another answer, so that the engine may meet the file in the middle of a change.',
    'Each answer is compared with these pages byte by byte: one that is none of them is torn. Once ' +
      'a replacement was seen to be in force, an older page in answer to a later request is stale.',
  ],

  async run(context) {
    await using provider = await ProviderProcess.start();
    // Awaited here: the provider is to live as long as httpd.
    return await withHttpd(
      (httpd) => {
        httpd.config.logLevel = 'warn muse_ai:info';
        httpd.config.muse({ models: modelsFile(provider.url, { bench: models[0] ?? '' }) });
        httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On');
        httpd.site.write('page.ai', 'Write page {{ query.n }}.\n');
      },
      (httpd) => measure(httpd, provider.url, context),
    );
  },
};

async function measure(httpd: Httpd, url: string, context: SuiteContext): Promise<SuiteReport> {
  const count = context.quick ? 100 : 1000;
  const pages = models.map((model) => writePage(model)?.join('') ?? model);
  const load = new ReloadLoad(httpd, pages);
  const before = httpd.log.matching(reloaded).length;
  load.start();
  let inForce = true;
  try {
    for (let n = 1; n <= count; n += 1) {
      const page = n % models.length;
      httpd.conf.replace(
        'models.json',
        JSON.stringify(modelsFile(url, { bench: models[page] ?? '' })),
      );
      await load.progress();
      if (n % hurryEvery !== 0 || n === count) inForce = await settle(load, page);
      if (!inForce) break;
      if (n % 100 === 0) context.say(`${n}/${count} replacements, ${load.total} answers`);
    }
  } finally {
    await load.stop();
  }
  for (const problem of load.problems) context.say(problem);
  const reloads = httpd.log.matching(reloaded).length - before;
  return report(load, { count, reloads, inForce });
}

/** Waits until a cold page shows what was written last; later answers must show it too. */
async function settle(load: ReloadLoad, page: number): Promise<boolean> {
  try {
    await waitUntil('models.json to be in force', () => load.lastCold === page);
  } catch (error) {
    // The suite goes on to report it, with all that was counted so far.
    load.problems.push(error instanceof Error ? error.message : String(error));
    return false;
  }
  load.expect(page);
  await load.progress();
  load.expect(undefined);
  return true;
}

function report(
  load: ReloadLoad,
  run: { readonly count: number; readonly reloads: number; readonly inForce: boolean },
): SuiteReport {
  const { failed, torn, stale, cached, cold, found } = load;
  const none = (what: string, got: number) => ({
    what: `reload, ${what}`,
    wanted: '0',
    got: String(got),
    met: got === 0,
  });
  return {
    tables: [
      {
        caption: 'Counted',
        columns: ['', 'number'],
        rows: [
          ['replacements of models.json', whole(run.count)],
          ['reloads that the engine carried out', whole(run.reloads)],
          ['answers to the page that all ask for', whole(cached)],
          ['of these, found in the cache', whole(found)],
          ['answers to pages asked for once', whole(cold)],
          ['failed requests', whole(failed)],
          ['torn answers', whole(torn)],
          ['stale answers', whole(stale)],
        ],
      },
    ],
    targets: [
      none('failed requests', failed),
      none('torn answers', torn),
      none('stale answers', stale),
      {
        what: 'reload, the last replacement',
        wanted: 'in force',
        got: run.inForce ? 'in force' : 'not in force',
        met: run.inForce,
      },
    ],
    samples: { ...run, failed, torn, stale, cached, cold, found, problems: load.problems },
  };
}
