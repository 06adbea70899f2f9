import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { findJsonMistake } from '../../src/json-mistake.ts';
import { LocatedError, parseLocated } from '../../src/located.ts';
import { didYouMean } from '../../src/suggest.ts';
import { seededRandom } from './support/random.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the place of a mistake in JSON', () => {
  test.for([
    ['', 0, 'a value'],
    ['{', 1, 'the name of a field'],
    ['[1,]', 3, 'a value'],
    ['{"a": tru}', 6, 'a value'],
    ['{"a": 1,}', 8, 'the name of a field'],
    ['{"a" 1}', 5, '":"'],
    ['{"a": "k" "b": 1}', 10, '"," or "}"'],
    ['[1 2]', 3, '"," or "]"'],
    ['{"a": "no end}', 6, 'a string has no end'],
    ['["\t"]', 1, 'needs a backslash'],
    ['{} x', 3, 'nothing more'],
    ['01', 0, 'a value'],
    ['{"key": sk-live}', 8, 'a value'],
  ] as const)('%j is at %d', ([text, offset, message]) => {
    const mistake = findJsonMistake(text);
    expect(mistake).toMatchObject({ offset, message: expect.stringContaining(message) });
    expect(mistake?.message).not.toContain('sk-live');
  });

  test('is found in exactly those texts that JSON.parse refuses', () => {
    const { below } = seededRandom();
    const seeds = [
      '{"a": [1, -2.5e3, "x\\n\\u00e9"], "b": {"c": null, "d": [true, false, {}]}, "e": []}',
      ' [ [ ] , { } , "\\"" , 0 , -0 , 1E+2 ] ',
    ];
    const alphabet = '{}[]",:\\ \n\t01-+.eEtrufalsn/x\u0001é';
    let valid = 0;
    for (let i = 0; i < 20_000; i++) {
      let text = seeds[below(seeds.length)] ?? '';
      for (let edits = 1 + below(3); edits > 0; edits--) {
        const at = below(text.length);
        const insert = below(3) === 0 ? '' : (alphabet[below(alphabet.length)] ?? '');
        text = text.slice(0, at) + insert + text.slice(at + below(3));
      }
      expect(findJsonMistake(text) === undefined, JSON.stringify(text)).toBe(isJson(text));
      if (isJson(text)) valid += 1;
    }
    expect(valid).toBeGreaterThan(500);
  });
});

const schema = z.strictObject({
  name: z.string(),
  list: z.array(z.strictObject({ size: z.number().max(3).optional() })).optional(),
});

function problemsOf(text: string, format: 'json' | 'yaml', lineOffset = 0) {
  try {
    parseLocated(text, schema, { format, lineOffset });
  } catch (error) {
    if (error instanceof LocatedError) return error.problems;
    throw error;
  }
  throw new Error('no problem was found');
}

describe('a problem in a file', () => {
  test('of the schema is told with line, column and path', () => {
    const text = '{\n\t"name": "a",\n\t"list": [\n\t\t{"size": 1},\n\t\t{"size": 9}\n\t]\n}';
    expect(problemsOf(text, 'json')).toEqual([
      { line: 5, column: 4, path: 'list[1].size', message: expect.stringContaining('<=3') },
    ]);
  });

  test('of a missing field is told where the field should stand', () => {
    expect(problemsOf('\n{"list": []}', 'json')).toMatchObject([{ line: 2, path: 'name' }]);
  });

  test('that is an unknown field says which known one is near', () => {
    const text = 'name: a\nlist:\n  - size: 1\n  - sizee: 2\nnam: b\n';
    expect(problemsOf(text, 'yaml', 10)).toMatchObject([
      { line: 14, path: 'list[1].sizee', message: 'unknown field "sizee". Did you mean "size"?' },
      { line: 15, path: 'nam', message: 'unknown field "nam". Did you mean "name"?' },
    ]);
  });

  test('that is a field twice is told in JSON too, which would take the last', () => {
    const text = '{"name": "a",\n "name": "b"}';
    expect(problemsOf(text, 'json')).toMatchObject([
      { line: 2, message: expect.stringMatching(/twice/) },
    ]);
  });

  test('of YAML is told without the text around it, which may be a prompt', () => {
    for (const text of [
      'name: [secret words',
      'name: *secret',
      'name: "secret',
      'name: a: secret',
    ]) {
      const problems = problemsOf(text, 'yaml');
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain('secret');
    }
  });

  test('reads as file:line:column for a person', () => {
    const error = new LocatedError(problemsOf('{"name": 1}', 'json'));
    expect(error.in('/etc/m.json')).toMatch(/^\/etc\/m\.json:1:2: name: .*expected string/);
  });

  test('is not what YAML can do with aliases: they are refused', () => {
    expect(() => parseLocated('name: &a x\nlist: [*a]', schema, { format: 'yaml' })).toThrow();
  });
});

test('a near name is suggested, a far one is not', () => {
  const known = ['temperature', 'model', 'ttl'];
  expect(didYouMean('temprature', known)).toBe(' Did you mean "temperature"?');
  expect(didYouMean('MODEL', known)).toBe(' Did you mean "model"?');
  expect(didYouMean('tll', known)).toBe(' Did you mean "ttl"?');
  expect(didYouMean('colour', known)).toBe('');
  expect(didYouMean('x', known)).toBe('');
});
