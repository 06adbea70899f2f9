/**
 * Reads Prometheus' text format 0.0.4 as strictly as its own tools (`promtool check metrics`) do:
 * https://prometheus.io/docs/instrumenting/exposition_formats/. Throws at whatever is not right.
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;

export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let family: Family | undefined;
  let help: { name: string; text: string } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const about = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    const [, kind, name = '', rest = ''] = about ?? [];
    if (kind === 'HELP') help = { name, text: rest };
    else if (kind === 'TYPE') {
      if (help?.name !== name || families.has(name)) throw new Error(`out of order: ${line}`);
      if (!/^(counter|gauge|histogram)$/.test(rest)) throw new Error(`no type: ${line}`);
      family = { name, help: help.text, type: rest, samples: [] };
      families.set(name, family);
    } else {
      const sample = parseSample(line);
      const series = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (seen.has(series)) throw new Error(`twice: ${line}`);
      seen.add(series);
      if (family === undefined || !belongs(sample, family)) throw new Error(`stray: ${line}`);
      family.samples.push(sample);
    }
  }
  for (const each of families.values()) check(each);
  return families;
}

function parseSample(line: string): Sample {
  const found = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  const [, name = '', labels = '', value = ''] = found ?? [];
  if (!NAME.test(name)) throw new Error(`no sample: ${line}`);
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  if (value === '' || Number.isNaN(number)) throw new Error(`no value: ${line}`);
  return { name, labels: parseLabels(labels, line), value: number };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = '', value = ''] = LABEL.exec(text) ?? [];
    if (name === '' || name in labels) throw new Error(`labels: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
  }
  return labels;
}

function belongs({ name, labels }: Sample, family: Family): boolean {
  if (family.type !== 'histogram') return name === family.name;
  if (name === `${family.name}_bucket`) return 'le' in labels;
  return name === `${family.name}_sum` || name === `${family.name}_count`;
}

function check({ name, type, samples }: Family): void {
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}`);
  if (type !== 'gauge' && samples.some(({ value }) => value < 0))
    throw new Error(`${name} below 0`);
  if (type !== 'histogram') return;
  const buckets = samples.filter((sample) => sample.name.endsWith('_bucket'));
  const bounds = buckets.map(({ labels }) => labels.le ?? '');
  const numbers = bounds.map((le) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)));
  const isSorted = (list: readonly number[]): boolean =>
    list.every((value, i) => i === 0 || value >= (list[i - 1] ?? 0));
  if (bounds.at(-1) !== '+Inf' || !isSorted(numbers)) throw new Error(`bounds of ${name}`);
  if (!isSorted(buckets.map(({ value }) => value))) throw new Error(`${name} is not cumulative`);
  const count = samples.find((sample) => sample.name.endsWith('_count'))?.value;
  if (buckets.at(-1)?.value !== count) throw new Error(`${name}_count is not the last bucket`);
}
