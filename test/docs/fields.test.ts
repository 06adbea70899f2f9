import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { modelsFileSchema } from '../../src/models/schema.ts';
import { frontMatterSchema } from '../../src/pages/front-matter.ts';
import { Document, plain, tableRows } from './document.ts';

const howto = new Document('HOWTO.md');

interface Field {
  readonly name: string;
  readonly value: string;
  readonly fallback: string;
}

/** A JSON schema, as far as this test looks at it. */
const nodeSchema = z.object({
  get properties() {
    return z.record(z.string(), nodeSchema).optional();
  },
  get items() {
    return nodeSchema.optional();
  },
  required: z.array(z.string()).optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  enum: z.array(z.string()).optional(),
});

const file = nodeSchema.parse(z.toJSONSchema(modelsFileSchema, { io: 'input' }));
const model = file.properties?.models?.items;

describe.each([
  ['the file', 'The file:', file],
  ['a model', 'A model:', model],
  ['an endpoint', 'An entry of `endpoints`', model?.properties?.endpoints?.items],
  ['circuit', '`circuit`', model?.properties?.circuit],
  ['timeouts', '`timeouts`', model?.properties?.timeouts],
  ['price', '`price`', model?.properties?.price],
  ['budget', '`budget`', model?.properties?.budget],
])('the reference of models.json: %s', (_, beginning, schema) => {
  const fields = fieldsAfter('models.json', beginning);
  const properties = Object.entries(schema?.properties ?? {});

  test('has every field that the engine takes, and no other', () => {
    expect(fields.map(({ name }) => name)).toEqual(properties.map(([name]) => name));
  });

  test('says which fields are required, and the defaults of the others', () => {
    for (const [name, node] of properties) {
      const { fallback } = named(fields, name);
      const isRequired = schema?.required?.includes(name) === true;
      expect([name, fallback === 'required']).toEqual([name, isRequired]);
      if (node.default !== undefined)
        expect([name, fallback]).toEqual([name, String(node.default)]);
    }
  });

  test('names the bounds and the choices of a value', () => {
    for (const [name, node] of properties) {
      const { value } = named(fields, name);
      for (const choice of node.enum ?? []) expect(value).toContain(`\`${choice}\``);
      for (const bound of [node.minimum, node.maximum, node.maxItems]) {
        if (bound !== undefined)
          expect([name, numbersIn(value)]).toEqual([name, expect.arrayContaining([bound])]);
      }
    }
  });
});

describe('the reference of front matter', () => {
  const fields = fieldsAfter('Front matter', 'YAML between');
  const { properties = {} } = nodeSchema.parse(z.toJSONSchema(frontMatterSchema, { io: 'input' }));

  test('has every field that the engine takes, and no other', () => {
    expect(fields.map(({ name }) => name)).toEqual(Object.keys(properties));
  });

  test('names the bounds of a value', () => {
    for (const [name, { minimum, maximum }] of Object.entries(properties)) {
      const bounds = [minimum, maximum].filter((bound) => bound !== undefined);
      const found = numbersIn(named(fields, name).value);
      expect([name, found]).toEqual([name, expect.arrayContaining(bounds)]);
    }
  });
});

/** The rows of the first table behind the line that begins so, in that section. */
function fieldsAfter(title: string, beginning: string): Field[] {
  const { text } = howto.section(title);
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(beginning));
  const table = lines.findIndex((line, i) => i > start && line.startsWith('|'));
  const end = lines.findIndex((line, i) => i > table && !line.startsWith('|'));
  if (start < 0 || table < 0) throw new Error(`HOWTO.md: no table after "${beginning}"`);
  return tableRows(lines.slice(table, end).join('\n')).map(([name, value, fallback]) => {
    return { name: plain(name), value: value ?? '', fallback: plain(fallback) };
  });
}

function named(fields: readonly Field[], name: string): Field {
  const found = fields.find((field) => field.name === name);
  if (found === undefined) throw new Error(`HOWTO.md: no field ${name}`);
  return found;
}

function numbersIn(text: string): number[] {
  return (text.match(/\d+(?:\.\d+)?/g) ?? []).map(Number);
}
