import { describe, expect, test } from 'vitest';
import { readDefaultMacros, readDirectiveTable } from './directive-table.ts';
import { Document, type Section } from './document.ts';

const howto = new Document('HOWTO.md');
const all = readDirectiveTable();
// What has no effect is in the task about the predecessor's configuration alone.
const rows = all.filter(({ hasEffect }) => hasEffect);
const sections = howto.subsections('Directives');
const byName = new Map(sections.map((section) => [section.title, section]));

/** Where the default stands as a macro in the module's source. */
const MACROS: Readonly<Record<string, string>> = {
  MODEL_HEADER: 'MuseAiModelHeader',
  TIMEOUT: 'MuseAiTimeout',
  RPM: 'MuseAiRateLimitRPM',
  STALE_ON_ERROR: 'MuseAiCacheStaleOnError',
  LIMIT_STATUS: 'MuseAiRateLimitStatus',
};

test('the reference has every directive that does something, and no other', () => {
  expect(sections.map(({ title }) => title).sort()).toEqual(rows.map(({ name }) => name).sort());
});

describe.each(rows)('the reference of $name', (row) => {
  const section = byName.get(row.name);
  if (section === undefined) return;

  test('says where the directive may stand', () => {
    expect(fact(section, 'Context')).toBe(row.context);
    expect(fact(section, 'Override')).toBe(row.override);
  });

  test('has a syntax, a default, a text and an example', () => {
    expect(code(section, 'Syntax')).toMatch(new RegExp(`^${row.name} \\S`));
    const fallback = fact(section, 'Default');
    if (fallback !== 'none')
      expect(code(section, 'Default')).toMatch(new RegExp(`^${row.name} \\S+$`));
    const prose = section.text.replace(/^```.*?^```$/gms, '').replace(/^- .*$/gm, '');
    expect(prose.trim()).toMatch(/\.$/);
    const examples = howto.fencesIn(section).map(({ text }) => text);
    expect(examples.join('')).toMatch(new RegExp(`^\\s*${row.name} `, 'm'));
  });

  test('names the default that the module names', () => {
    if (row.helpDefault === undefined) return;
    expect(code(section, 'Default')).toBe(`${row.name} ${row.helpDefault}`);
  });

  test('names the bounds of a number', () => {
    if (row.range === undefined) return;
    expect(section.text).toContain(`from ${row.range.min} to ${row.range.max}`);
  });
});

test('defaults in the reference are those of the source', () => {
  const macros = readDefaultMacros();
  expect([...macros.keys()].sort()).toEqual(Object.keys(MACROS).sort());
  for (const [macro, value] of macros) {
    const name = MACROS[macro] ?? '';
    expect(code(howto.section(name), 'Default')).toBe(`${name} ${value}`);
  }
});

test('documents name no directive that the module does not have', () => {
  const names = new Set(all.map(({ name }) => name));
  for (const document of [howto, new Document('README.md')]) {
    const used = document.text.match(/\bMuseAi(?!Model\b=)[A-Z]\w*/g) ?? [];
    expect(used.filter((name) => !names.has(name))).toEqual([]);
  }
});

/** The text behind `- **Label:**`. */
function fact(section: Section, label: string): string | undefined {
  return new RegExp(`^- \\*\\*${label}:\\*\\* (.+)$`, 'm').exec(section.text)?.[1];
}

/** The same without its back-ticks. */
function code(section: Section, label: string): string | undefined {
  return /^`(.+)`$/.exec(fact(section, label) ?? '')?.[1];
}
