import { chmodSync, copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Httpd, scriptedModel, test, waitUntil } from '../harness/index.ts';
import { type ScriptedProvider, say } from '../provider/index.ts';
import { cachePage, expectPage, expectWhole, killed, openHeld, ready } from './topic-pages.ts';

/** `other` is this version, built with another layout of the shared memory. */
type Build = 'ours' | 'other';

const leftBehind = /MUSE0014.*the region has the layout of another version.*begins empty/;
const adviceOfRegion = /MUSE0206.*another version.*install all and restart httpd/;
const adviceOfSettings = /MUSE0202.*of one build: install both and restart httpd/;
const endedEarly = /MUSE0022/;

describe('an upgrade by a graceful restart', () => {
  test('to another layout and back leaves the cache behind, and no page fails', async ({
    httpd,
    provider,
  }) => {
    const site = await InstalledSite.start(httpd, provider);
    for (const [round, build] of (['other', 'ours', 'other'] as const).entries()) {
      const { exchange, gate } = await openHeld(httpd, provider, `held-${round}`);
      site.install(build);
      await site.reload();
      await writtenAgain(httpd, 'kept');
      await expectPage(httpd, `cold-${round}`, 'fwd');
      gate.open();
      await expectWhole(exchange);
      await waitUntil('the old engine to end', () => httpd.engines().length === 1);
    }
    httpd.log.expect(leftBehind);
    expect(httpd.log.matching(leftBehind)).toHaveLength(3);
    // The same build again takes the cache along.
    await site.reload();
    await expectPage(httpd, 'kept', 'hit');
    expect(httpd.log.matching(leftBehind)).toHaveLength(3);
  });
});

describe('files that are replaced while httpd runs', () => {
  test('do not matter before a restart, nor does an add-on of another layout to cached pages', async ({
    httpd,
    provider,
  }) => {
    const site = await InstalledSite.start(httpd, provider);
    site.install('other');
    await expectPage(httpd, 'cold-1', 'fwd');
    // Only now is the new add-on read, and it does not know the region of the module that runs.
    const mark = httpd.log.mark();
    await (await httpd.engine()).kill();
    await httpd.log.waitFor(adviceOfRegion, { mark });
    await expectPage(httpd, 'kept', 'hit');
    expect(httpd.children().length).toBeGreaterThan(0);
    // What the log says, done.
    await site.reload();
    await writtenAgain(httpd, 'kept');
    httpd.log.expect(killed, adviceOfRegion, leftBehind);
    httpd.log.allow(endedEarly);
  });

  test('are told when the engine takes other settings, and mended by the right one', async ({
    httpd,
    provider,
  }) => {
    const site = await InstalledSite.start(httpd, provider);
    site.changeEngine((text) => {
      const changed = text.replace(/(version: \S*literal)\(3\)/, '$1(1000)');
      expect(changed).not.toBe(text);
      return changed;
    });
    const mark = httpd.log.mark();
    await (await httpd.engine()).kill();
    await httpd.log.waitFor(adviceOfSettings, { mark });
    await expectPage(httpd, 'kept', 'hit');
    // It is tried again and again, so that the right file is enough.
    site.changeEngine((text) => text.replace('literal(1000)', 'literal(3)'));
    await httpd.log.waitFor(/MUSE0020.*ready again/, { mark });
    await expectPage(httpd, 'cold', 'fwd');
    httpd.log.expect(killed, adviceOfSettings, /MUSE0020.*ready again/);
    httpd.log.allow(endedEarly);
  });
});

/** Children from before the restart may still answer for a moment, out of their cache. */
async function writtenAgain(httpd: Httpd, topic: string): Promise<void> {
  await waitUntil(`the page about ${topic} to be written again`, async () => {
    const { status, complete, headers } = await httpd.get(`/page?topic=${topic}`);
    expect([status, complete]).toEqual([200, true]);
    return headers['cache-status']?.includes('fwd');
  });
  await expectPage(httpd, topic, 'hit');
}

/** A site whose module, engine and add-on lie in a folder of their own, to be replaced there. */
class InstalledSite {
  readonly #httpd: Httpd;

  /** Starts httpd with this build, and has the page about "kept" in the cache. */
  static async start(httpd: Httpd, provider: ScriptedProvider): Promise<InstalledSite> {
    const site = new InstalledSite(httpd, provider);
    site.install('ours');
    await httpd.start();
    await cachePage(httpd, 'kept');
    return site;
  }

  private constructor(httpd: Httpd, provider: ScriptedProvider) {
    this.#httpd = httpd;
    const { conf, site, config, environment } = httpd;
    const { node, engine } = environment.stagedEngine();
    provider.script(scriptedModel, say('<!doctype html><p>A page.'));
    const models = [{ name: scriptedModel, endpoint: provider.url }];
    site.write('page.ai', 'Write about {{ query.topic }}.');
    conf.write('installed/engine.js', readFileSync(engine));
    config
      .lines(`LoadModule muse_ai_module "${conf.path('installed/mod_muse_ai.so')}"`)
      .lines(`MuseAiNode "${node}"`, `MuseAiEngine "${conf.path('installed/engine.js')}"`)
      .lines(`MuseAiModels "${conf.writeJson('models.json', { models })}"`, 'MuseAiEnable On');
  }

  /** Puts the module and the add-on of a build in the place of those that are there. */
  install(build: Build): void {
    this.#replace('module', build);
    this.#replace('addon', build);
  }

  /** As package managers do: a new file is renamed over the old one. */
  #replace(file: 'module' | 'addon', build: Build): void {
    const { installation, conf } = this.#httpd.environment;
    const ours = installation[file];
    const name = file === 'module' ? 'mod_muse_ai.so' : 'muse_region.node';
    const from = build === 'ours' ? ours : join(ours, '..', 'other', name);
    const fresh = conf.path('installed', `${name}.new`);
    copyFileSync(from, fresh);
    chmodSync(fresh, 0o644);
    renameSync(fresh, conf.path('installed', name));
  }

  /** Replaces the engine by a changed one. */
  changeEngine(change: (text: string) => string): void {
    const { conf } = this.#httpd;
    const name = 'installed/engine.js';
    conf.replace(name, change(readFileSync(conf.path(name), 'utf8')));
  }

  /** Restarts gracefully, and waits for the new engine. */
  async reload(): Promise<void> {
    const mark = this.#httpd.log.mark();
    await this.#httpd.graceful();
    await this.#httpd.log.waitFor(ready, { mark });
  }
}
