import { expect, test } from 'vitest';
import { FAILURES } from '../../src/errors.ts';
import { EVENTS, type EventName } from '../../src/events.ts';
import { Document, tableRows } from './document.ts';
import { engineSources, numbersInEngine, numbersInModule } from './log-numbers.ts';

const howto = new Document('HOWTO.md');
const table = tableRows(howto.section('Read the log').text).map(
  ([number = '', level = '', answer = '', says = '', todo = '']) => {
    return { number, levels: level.split(', ').sort(), answer, says, todo };
  },
);
const documented = new Map(table.map((row) => [row.number, row]));
const inModule = numbersInModule();
const events = Object.keys(EVENTS) as EventName[];

test('the log table has every number that the module and the engine use, and no other', () => {
  const used = [
    ...inModule.map(({ number }) => number),
    ...events.map((name) => EVENTS[name].number),
  ];
  expect(table.map(({ number }) => number)).toEqual([...new Set(used)].sort());
});

test('the log table says what happened and what to do, for each number', () => {
  const wordless = table.filter(({ says, todo }) => !/\w.*\.$/.test(says) || !/\w.*\.$/.test(todo));
  expect(wordless).toEqual([]);
});

test('the log table has the level of each event', () => {
  const levels = new Map<string, Set<string>>();
  for (const { number, levels: found } of inModule) {
    levels.set(number, new Set([...(levels.get(number) ?? []), ...found]));
  }
  for (const name of events) levels.set(EVENTS[name].number, new Set([EVENTS[name].level]));
  const expected = [...levels].map(([number, found]) => [number, [...found].sort()]);
  const written = table.map(({ number, levels: found }) => [number, found]);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(expected));
});

test('the log table has the status that a failure of the engine is answered with', () => {
  for (const name of events) {
    const failure = name in FAILURES ? FAILURES[name as keyof typeof FAILURES] : undefined;
    const expected = failure === undefined ? '–' : String(failure.status);
    expect([name, documented.get(EVENTS[name].number)?.answer]).toEqual([name, expected]);
  }
});

test('module and engine keep to their own ranges, and a number stands in one file', () => {
  expect(inModule.filter(({ number }) => number >= 'MUSE0200')).toEqual([]);
  const numbers = events.map((name) => EVENTS[name].number);
  expect(numbers.filter((number) => number < 'MUSE0200')).toEqual([]);
  expect(new Set(numbers).size).toBe(numbers.length);
  const files = Map.groupBy(inModule, ({ number }) => number);
  for (const [number, uses] of files) {
    expect([number, ...new Set(uses.map(({ file }) => file))]).toHaveLength(2);
  }
});

test('the engine’s sources name no number that is not in its table of events', () => {
  const known = new Set<string>(events.map((name) => EVENTS[name].number));
  expect(numbersInEngine().filter(({ number }) => !known.has(number))).toEqual([]);
});

test('each event of the engine’s table is written by some part of the engine', () => {
  // In the tables of events and failures a name is a key, elsewhere it is a value.
  const isWritten = (name: string) =>
    engineSources().some(({ text }) => new RegExp(`'${name}'(?!: \\{)`).test(text));
  const unused = events.filter((name) => !isWritten(name));
  expect(unused).toEqual([]);
});

test('documents name no number that is not in the log table', () => {
  for (const name of ['README.md', 'HOWTO.md', 'SECURITY.md']) {
    const numbers = new Document(name).text.match(/\bMUSE\d{4}\b/g) ?? [];
    expect(numbers.filter((number) => !documented.has(number))).toEqual([]);
  }
});
