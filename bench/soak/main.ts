/**
 * The soak: `npm run soak -- [--minutes N] [--rate N] [--streams N] [--write]`. Ends with 1 when an
 * answer was wrong or memory was not flat, with 2 when it was called wrongly.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { assertOpenFiles } from '../measure/memory.ts';
import { describeMachine } from '../report/machine.ts';
import { plotPath, renderRun } from '../report/markdown.ts';
import type { RunRecord } from '../report/record.ts';
import { renderSvg } from '../report/svg.ts';
import { renderText } from '../report/text.ts';
import { method, title } from './method.ts';
import type { SoakSize } from './size.ts';
import { soak } from './soak.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const usage = `npm run soak -- [options]

  --minutes N  how long, from 1 to 240 (30)
  --rate N     requests a second, from 1 to 5000 (1000)
  --streams N  pages under way all the time, from 1 to 5000 (500)
  --write      writes docs/soak.md and its pictures
  --help       shows this
`;
/** Files and connections of a process besides two for each stream. */
const otherFiles = 500;

process.exitCode = await main();

async function main(): Promise<number> {
  const command = readCommand();
  if (typeof command === 'string') {
    (command === usage ? process.stdout : process.stderr).write(command);
    return command === usage ? 0 : 2;
  }
  const { size, write } = command;
  try {
    assertOpenFiles(2 * size.streams + otherFiles);
    const machine = describeMachine();
    const report = await soak(size, (text) => process.stderr.write(`[soak] ${text}\n`));
    process.stdout.write(`\n${renderText(title, report)}\n`);
    const date = new Date().toISOString().slice(0, 10);
    const run = { date, quick: false, machine, title, method: method(size), ...report };
    if (write) writeDocs(run);
    return report.targets.every(({ met }) => met) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** What to do, or the text to end with. */
function readCommand(): { readonly size: SoakSize; readonly write: boolean } | string {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '30' },
        rate: { type: 'string', default: '1000' },
        streams: { type: 'string', default: '500' },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return usage;
    const size = {
      minutes: readNumber('minutes', values.minutes, 240),
      perSecond: readNumber('rate', values.rate, 5000),
      streams: readNumber('streams', values.streams, 5000),
    };
    return { size, write: values.write };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return `${error.message}\n\n${usage}`;
  }
}

function readNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new RangeError(`--${name} takes a whole number from 1 to ${max}, not "${text}".`);
}

function writeDocs(run: RunRecord): void {
  const head = ['Written by `npm run soak -- --write`.', ''];
  writeFileSync(join(docs, 'soak.md'), [...renderRun(run, '#', head)].join('\n'));
  mkdirSync(join(docs, 'benchmarks'), { recursive: true });
  for (const plot of run.plots ?? []) {
    writeFileSync(join(docs, plotPath(plot.file)), renderSvg(plot));
  }
}
