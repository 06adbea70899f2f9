import type { Httpd } from '../test/harness/httpd.ts';
import { type Front, pageFront } from './fronts.ts';
import { modelsFile } from './provider/models.ts';
import { modelOf, type Pace } from './provider/tokens.ts';

/** How many children httpd has, and threads in each. */
export interface Threads {
  readonly children: number;
  readonly threads: number;
}

/** All threads are busy, or nearly: that is what some suites want to see. */
const busy = /AH00484|AH10159/;

/** Configures httpd for a fixed number of threads, and for all connections that may come. */
export function configureThreads(httpd: Httpd, { children, threads }: Threads): void {
  httpd.log.allow(busy);
  httpd.config
    .processes(
      ...[`StartServers ${children}`, `ServerLimit ${children}`, `ThreadsPerChild ${threads}`],
      ...[`MaxRequestWorkers ${children * threads}`, `MinSpareThreads ${threads}`],
      `MaxSpareThreads ${children * threads}`,
      // Without it a child takes no more connections than twice its threads or so.
      'AsyncRequestWorkerFactor 400',
    )
    .lines('ListenBacklog 4096');
}

/** Configures our pages of tokens, one for each pace. */
export function configurePages(httpd: Httpd, provider: string, paces: readonly Pace[]): void {
  const models = paces.map(modelOf);
  const written = Object.fromEntries(models.map((model) => [model, model]));
  httpd.config.muse({ models: modelsFile(provider, written) });
  httpd.config.section('Directory', httpd.site.root, 'MuseAiEnable On');
  for (const model of models) {
    httpd.site.write(`${model}.ai`, `---\nmodel: ${model}\n---\nWrite page {{ query.n }}.\n`);
  }
}

export const ours = 'mod_muse_ai';

/** Our pages as visitors ask for them. */
export function ownFront(httpd: Httpd): Front {
  const header = ['cache-status', /^muse; fwd=/] as const;
  return pageFront({ name: ours, port: httpd.port, header }, (pace) => `/${modelOf(pace)}.ai`);
}
