/** models.json and prompts are replaced, broken, removed. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, gone, nothing } from './fault.ts';

const modelsReplaced: Fault = {
  name: 'models.json replaced',
  holdMs: 800,
  allows: nothing,
  async begin({ stage, below }) {
    const { conf } = stage.httpd;
    conf.replace('models.json', JSON.stringify(stage.models({ temperature: below(100) / 100 })));
    return () => void conf.writeJson('models.json', stage.models());
  },
};

const modelsBroken: Fault = {
  name: 'models.json broken',
  holdMs: 800,
  allows: nothing,
  async begin({ stage, below }) {
    const { conf } = stage.httpd;
    const whole = JSON.stringify(stage.models());
    conf.write('models.json', whole.slice(0, below(whole.length)));
    return () => void conf.replace('models.json', whole);
  },
};

const modelsRemoved: Fault = {
  name: 'models.json removed',
  holdMs: 800,
  allows: nothing,
  async begin({ stage }) {
    const { conf } = stage.httpd;
    conf.remove('models.json');
    return () => void conf.writeJson('models.json', stage.models());
  },
};

const promptsReplaced: Fault = {
  name: 'prompts replaced',
  holdMs: 500,
  allows: nothing,
  async begin({ stage }) {
    for (let n = 0; n < 3; n += 1) {
      const edition = stage.editions.current + 1;
      const pageIsThere = stage.editions.begin(edition);
      for (const name of ['page', 'cached', 'stale']) stage.writePage(name, edition);
      stage.writePage('guarded', edition, '---\nmodel: guarded\n---\n');
      pageIsThere();
      const house = stage.houses.current + 1;
      const houseIsThere = stage.houses.begin(house);
      stage.writeHouse(house);
      houseIsThere();
      // Pages are asked for meanwhile; the next one comes while some are written.
      await sleep(200);
    }
    return gone;
  },
};

const promptBroken: Fault = {
  name: 'prompt broken',
  holdMs: 800,
  allows: (kind) => (kind === 'draft' ? ['refused'] : []),
  async begin({ stage }) {
    stage.httpd.site.write('draft.ai', 'Page {{ query.id }} edition {% if');
    return () => renewDraft(stage);
  },
};

const promptRemoved: Fault = {
  name: 'prompts removed',
  holdMs: 800,
  allows: (kind) => (kind === 'draft' ? ['refused'] : []),
  async begin({ stage }) {
    const { site, conf } = stage.httpd;
    const before = stage.houses.current;
    const isGone = stage.houses.begin(0);
    site.remove('draft.ai');
    conf.remove('prompts/system_prompt.txt');
    isGone();
    return () => {
      renewDraft(stage);
      const isBack = stage.houses.begin(before + 1);
      stage.writeHouse(before + 1);
      isBack();
    };
  },
};

type Stage = Parameters<Fault['begin']>[0]['stage'];

function renewDraft(stage: Stage): void {
  const edition = stage.drafts.current + 1;
  const isThere = stage.drafts.begin(edition);
  stage.writePage('draft', edition);
  isThere();
}

export const fileFaults: readonly Fault[] = [
  modelsReplaced,
  modelsBroken,
  modelsRemoved,
  promptsReplaced,
  promptBroken,
  promptRemoved,
];
