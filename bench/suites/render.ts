import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/clock.ts';
import { systemClock } from '../../src/clock.ts';
import { systemFiles } from '../../src/files.ts';
import { PageStore } from '../../src/pages/page-store.ts';
import type { TemplateValues } from '../../src/pages/template.ts';
import { quantile } from '../measure/statistics.ts';
import { spread, whole } from '../report/figures.ts';
import type { Suite, SuiteContext, SuiteReport } from '../suite.ts';

/** Bytes of the page and of what it includes, together. */
const pageBytes = 10_240;
const wantedMs = 1;
const perRound = 500;

export const render: Suite = {
  name: 'render',
  title: 'A page becomes a prompt',
  method: [
    'A page of 10 KB with five variables and two includes, one of them with an argument, is made ' +
      `into a prompt over and over, ${perRound} times in each round, each time with other values. ` +
      'What is measured is all that the engine does for it: it asks the file system whether the ' +
      'page or what it includes has changed, and renders the template that it has kept. No httpd ' +
      'and no other process has a part in it.',
    'Each prompt is checked for its values and for what it includes; a wrong one ends the suite.',
  ],

  async run(context) {
    const folder = mkdtempSync(join(tmpdir(), 'muse-bench-render-'));
    try {
      return await measure(writeSite(folder), context);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function writeSite(folder: string): string {
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const prose = 'Say what grows by a river, what lives in it, and who lives on it. ';
  const fill = (bytes: number): string => prose.repeat(Math.ceil(bytes / prose.length));
  write('tone.ai', fill(1_000));
  write('tree.ai', `The tree is {{ tree }}. ${fill(1_000)}`);
  const variables =
    'On {{ query.topic }} for {{ query.reader | default: "all" | truncate: 80 }}, ' +
    'in {{ lang }}, by {{ model }}, at {{ env.SITE }}.\n';
  const includes = '{% include "tone" %}\n{% render "tree", tree: query.topic %}\n';
  const rest = pageBytes - 2_000 - variables.length - includes.length;
  return write('page.ai', `---\ntitle: Rivers\n---\n${variables}${fill(rest)}\n${includes}`);
}

async function measure(file: string, { quick, say }: SuiteContext): Promise<SuiteReport> {
  // So far on that the files have settled: only then are they kept.
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + 60_000 };
  const store = new PageStore({ files: systemFiles, clock });
  const once = async (n: number): Promise<number> => {
    const values = valuesOf(n);
    const before = performance.now();
    const prompt = (await store.read(file)).template.render(values);
    const took = performance.now() - before;
    const isRight =
      prompt.length >= pageBytes && prompt.split(`>topic ${n}</visitor-input>`).length === 3;
    if (!isRight) throw new Error(`the prompt number ${n} is wrong`);
    return took * 1_000;
  };
  const first = await once(0);
  say('warming up');
  for (let n = 1; n <= perRound; n += 1) await once(n);
  const rounds = quick ? 3 : 21;
  const medians: number[] = [];
  const slow: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const times: number[] = [];
    for (let n = 0; n < perRound; n += 1) times.push(await once(n));
    medians.push(quantile(times, 0.5));
    slow.push(quantile(times, 0.99));
  }
  const got = spread(medians, whole);
  return {
    tables: [
      {
        caption: 'Median (least–greatest) of the rounds, µs for a prompt',
        columns: ['first, parsed', 'p50', 'p99'],
        rows: [[whole(first), got, spread(slow, whole)]],
      },
    ],
    targets: [
      {
        what: 'a page of 10 KB with five variables and two includes, once warm, ms',
        wanted: `< ${wantedMs}`,
        got: (quantile(medians, 0.5) / 1_000).toFixed(3),
        met: quantile(medians, 0.5) / 1_000 < wantedMs,
      },
    ],
    samples: { medians, p99: slow },
  };
}

function valuesOf(n: number): TemplateValues {
  return {
    query: new URLSearchParams(`topic=topic ${n}&reader=reader ${n}`),
    form: [],
    path: '/page',
    lang: 'en',
    model: 'writer',
    env: new Map([['SITE', 'The River Walk']]),
  };
}
