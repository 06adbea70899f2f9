import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTemplate } from '../../src/pages/template.ts';
import { holds } from './support/property.ts';

/** What a visitor may send: marks of all kinds, whole and in halves, and anything else. */
const value = fc
  .array(
    fc.oneof(
      fc.constantFrom('</visitor-input>', '<visitor-input name="x">', '<', '>', '&lt;', '&', '"'),
      fc.constantFrom(
        '\uff1c',
        '\ufe64',
        '\uff1e',
        '\ufe65',
        '\u200b',
        '\u00ad',
        '\ud800',
        '\udfff',
      ),
      fc.constantFrom(
        '{{',
        '}}',
        '{%',
        '%}',
        '---\n',
        '\u0000',
        '\u001b',
        '\u202e',
        '\u{e0041}',
        ',',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

/** Ways in which a page uses what visitors send. */
const templates = [
  '{{ query.a }}',
  '[{{ query.a }}|{{ query.b }}]',
  '{% for p in query %}{{ p[0] }}={{ p[1] }};{% endfor %}',
  '{{ query }}{{ form }}',
  '{{ form.a | append: query.b | upcase | truncate: 9 }}',
  '{% assign w = query.a | split: "," %}{% for x in w %}{{ x }}{% endfor %}',
  '{{ query.a | replace: query.b, form.a }}',
  '{{ query.a | slice: 1, 3 }}{{ query.a | first }}{{ query.a | json }}',
  '{{ query.a | url_decode }}{{ query.a | strip_html }}{{ query.a | escape }}',
  '{{ path }}{{ query[query.a] }}{% echo form.a %}',
  '{% if query.a contains query.b %}{{ query.a }}{% else %}{{ query.b }}{% endif %}',
];
const parsed = templates.map((template) =>
  parseTemplate({ file: '/w/p.ai', settings: {}, template, templateLine: 1 }),
);

const element = /<visitor-input name="[\w.-]*">([^<>]*)<\/visitor-input>/g;

test('no value of a visitor leaves its delimiters', () => {
  const which = fc.integer({ min: 0, max: templates.length - 1 });
  holds([which, value, value, value, value], (i, a, b, name, path) => {
    const made = parsed[i]?.render({
      query: [
        ['a', `wombat${a}wombat`],
        ['b', b],
        [name, `${b}wombat`],
      ],
      form: [['a', `${name}wombat`]],
      path,
      lang: '',
      model: 'writer',
      env: new Map(),
    });
    const own = made?.replace(element, '@') ?? '';
    // Nothing is outside of the delimiters but what the page itself says.
    expect(own, templates[i]).toMatch(/^[@[\]|=;\n]*$/);
    for (const [, inside = ''] of made?.matchAll(element) ?? []) {
      expect(inside).not.toMatch(/[<>\uff1c\uff1e\ufe64\ufe65\u0000\u001b]/);
      expect(inside.isWellFormed()).toBe(true);
    }
  });
});
