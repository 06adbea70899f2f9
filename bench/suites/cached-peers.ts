import { quote } from '../../scripts/httpd/base-config.ts';
import type { Httpd } from '../../test/harness/httpd.ts';
import { buildBareModule } from '../bare/build.ts';

/** Something that sends the page, and how to see that it is really that which sent it. */
export interface Peer {
  readonly name: string;
  readonly path: string;
  /** A header of each answer, or that it must be without it. */
  readonly header: readonly [name: string, value: RegExp | undefined];
  /** What our requests/s divided by this one's should reach. */
  readonly target?: number;
}

/** Our own page. All folders lie side by side, with names of the same length. */
export const subject: Peer = {
  name: 'mod_muse_ai',
  path: '/own/page.ai',
  header: ['cache-status', /^muse; hit;/],
};

export const peers: readonly Peer[] = [
  {
    name: 'bare handler',
    path: '/raw/page.bare',
    header: ['x-bare', undefined],
    target: 0.9,
  },
  {
    name: 'static file',
    path: '/txt/page.html',
    header: ['x-cache', undefined],
    target: 1.3,
  },
  {
    name: 'mod_cache_socache',
    path: '/soc/page.html',
    header: ['x-cache', /^HIT /],
    target: 1,
  },
  {
    name: 'mod_cache_socache, our page',
    path: '/two/page.ai',
    header: ['x-cache', /^HIT /],
  },
];

const folders = [
  ['own', 'On'],
  ['raw', 'Off'],
  ['txt', 'Off'],
  ['soc', 'Off'],
  ['two', 'On'],
] as const;
const prompt = 'Write a page.\n';
/** Made by httpd for each answer, or different from hit to hit. */
const perAnswer = new Set(['date', 'server', 'connection', 'keep-alive', 'content-length']);

/** Configures the folders of all peers; `preparePeers` has to follow once httpd runs. */
export function configurePeers(httpd: Httpd): void {
  const { config, conf, site } = httpd;
  config
    .processes(
      ...['StartServers 2', 'ServerLimit 2', 'ThreadsPerChild 64', 'MaxRequestWorkers 128'],
      ...['MinSpareThreads 64', 'MaxSpareThreads 128'],
    )
    .modules('cache', 'cache_socache', 'socache_shmcb')
    .lines(
      `LoadModule bare_module ${quote(buildBareModule())}`,
      `BareAnswer ${quote(conf.write('bare-answer', 'Content-Type: text/plain\n\nnot yet\n'))}`,
      'AddHandler bare-answer .bare',
      'CacheQuickHandler Off',
      'CacheSocache shmcb:run/cache(33554432)',
      'CacheHeader On',
      'CacheEnable socache /soc/',
      'CacheEnable socache /two/',
    );
  // A section for each folder, so that httpd's directory walk costs all of them the same.
  for (const [folder, enable] of folders) {
    config.section('Directory', site.path(folder), `MuseAiEnable ${enable}`);
    if (enable === 'On') site.write(`${folder}/page.ai`, prompt);
  }
  site.write('raw/page.bare', prompt);
}

/**
 * Has our page written, gives its bytes to all peers, and asks each once or twice, so that caches
 * are filled. Returns the bytes.
 */
export async function preparePeers(httpd: Httpd, pageBytes: number): Promise<Buffer> {
  await httpd.get(subject.path);
  const hit = await httpd.get(subject.path);
  if (hit.status !== 200 || hit.body.length !== pageBytes) {
    throw new Error(
      `${subject.path} answers ${hit.status} with ${hit.body.length} bytes ` +
        `instead of 200 with ${pageBytes}:\n${hit.text.slice(0, 200)}`,
    );
  }
  const head = pairs(hit.rawHeaders)
    .filter(([name]) => !perAnswer.has(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}\n`);
  httpd.conf.write('bare-answer', Buffer.concat([Buffer.from(`${head.join('')}\n`), hit.body]));
  // Old enough for mod_cache to think that it won't change soon.
  const old = new Date(Date.now() - 1000 * 86_400_000);
  for (const name of ['txt/page.html', 'soc/page.html']) {
    httpd.site.write(name, hit.body);
    httpd.site.touch(name, old);
  }
  await httpd.graceful();
  for (let i = 0; i < 3; i += 1) {
    for (const { path } of [subject, ...peers]) await httpd.get(path);
  }
  return hit.body;
}

function pairs(flat: readonly string[]): [string, string][] {
  const names = flat.filter((_, at) => at % 2 === 0);
  return names.map((name, at) => [name, flat[2 * at + 1] ?? '']);
}
