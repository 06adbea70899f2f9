import { describe, expect, test } from 'vitest';
import { readForm } from '../../src/forms/form.ts';

const urlencoded = 'application/x-www-form-urlencoded';

async function read(bodyType: string | undefined, body: string | Uint8Array, change = {}) {
  const bytes = Buffer.from(body);
  // In pieces, as they come from a connection.
  const pieces = (async function* () {
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
  })();
  const request = { file: '/w/p.ai', method: 'POST', bodyType, bodyCoding: undefined, ...change };
  return Object.fromEntries(await readForm(request, pieces));
}

/** A multipart body as a browser makes it. */
async function multipart(fill: (form: FormData) => void): Promise<[string, Uint8Array]> {
  const form = new FormData();
  fill(form);
  const response = new Response(form);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return [response.headers.get('content-type') ?? '', bytes];
}

describe('a form', () => {
  test('is read as browsers send it, whatever the case of its type', async () => {
    for (const type of [
      urlencoded,
      `${urlencoded};charset=UTF-8`,
      'Application/X-WWW-Form-Urlencoded ; charset="utf-8"',
    ]) {
      expect(await read(type, 'name=Ann+Lee&city=K%C3%B6ln&empty=&bare')).toEqual({
        name: 'Ann Lee',
        city: 'Köln',
        empty: '',
        bare: '',
      });
    }
  });

  test('is read from multipart', async () => {
    const [type, bytes] = await multipart((form) => {
      form.append('name', 'Ann "Lee"\r\nKöln');
      form.append('tag', 'a');
      form.append('tag', 'b');
    });
    expect(await read(type, bytes)).toEqual({ name: 'Ann "Lee"\r\nKöln', tag: ['a', 'b'] });
  });

  test('may have a field for files in which none was chosen', async () => {
    const lines = [
      ...['--X', 'Content-Disposition: form-data; name="photo"; filename=""'],
      ...['Content-Type: application/octet-stream', '', ''],
      ...['--X', 'Content-Disposition: form-data; name="name"', '', 'Ann', '--X--', ''],
    ];
    expect(await read('multipart/form-data; boundary=X', lines.join('\r\n'))).toEqual({
      name: 'Ann',
    });
  });

  test('is read from JSON: texts, numbers, truth values, null, lists of these', async () => {
    const sent = { name: 'Ann', age: 41, member: false, none: null, tags: ['a', 2, true, null] };
    expect(await read('application/json', JSON.stringify(sent))).toEqual(sent);
    expect(Object.entries(await read('application/json', '{"__proto__": "x"}'))).toEqual([
      ['__proto__', 'x'],
    ]);
  });

  test('has a list where a name comes more than once', async () => {
    expect(await read(urlencoded, 'a=1&b=2&a=3&a=4')).toEqual({ a: ['1', '3', '4'], b: '2' });
  });

  test('has no fields where there is no body, or no POST', async () => {
    expect(await read(urlencoded, '')).toEqual({});
    expect(await read(urlencoded, 'a=1', { method: 'GET' })).toEqual({});
  });
});

describe('what is no form is refused', () => {
  test.for([
    [undefined, 'a=1', 'has not the Content-Type of a form'],
    ['text/plain', 'a=1', 'has not the Content-Type of a form'],
    ['application/jsonp', '{}', 'has not the Content-Type of a form'],
    [`${urlencoded}; charset=iso-8859-1`, 'a=1', 'is not in UTF-8'],
  ] as const)('of the type %s', async ([type, body, why]) => {
    await expect(read(type, body)).rejects.toMatchObject({
      code: 'form-type',
      status: 415,
      message: expect.stringContaining(why),
    });
  });

  test('with a file in it', async () => {
    const [type, bytes] = await multipart((form) => form.append('photo', new File(['x'], 'x.png')));
    await expect(read(type, bytes)).rejects.toMatchObject({ code: 'form-type', status: 415 });
  });

  test('compressed', async () => {
    await expect(read(urlencoded, 'a=1', { bodyCoding: 'gzip' })).rejects.toMatchObject({
      code: 'form-type',
    });
    expect(await read(urlencoded, 'a=1', { bodyCoding: 'identity' })).toEqual({ a: '1' });
  });

  test.for([
    ['application/json', '[1]'],
    ['application/json', '"x"'],
    ['application/json', '{"a": {"b": 1}}'],
    ['application/json', '{"a": [["b"]]}'],
    ['application/json', '{"secret words": '],
    ['application/json', ''],
    ['multipart/form-data', 'a=1'],
    ['multipart/form-data; boundary=x', '--x\r\nsecret words'],
  ])('that can’t be read: %s, %s', async ([type, body]) => {
    const error = await read(type, body ?? '').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'form-unreadable', status: 400 });
    expect(String(error)).not.toContain('secret words');
  });

  test.for([
    ['each with a name of its own', (i: number) => `a${i}=1`],
    ['all with one name', () => 'a=1'],
  ] as const)('with more fields than any form has, %s', async ([, field]) => {
    const body = (length: number) => Array.from({ length }, (_, i) => field(i)).join('&');
    await expect(read(urlencoded, body(1_000))).resolves.toBeTypeOf('object');
    await expect(read(urlencoded, body(1_001))).rejects.toMatchObject({ code: 'form-unreadable' });
  });

  test('with longer lists in its JSON than any form has', async () => {
    const body = (length: number) => JSON.stringify({ a: Array(length).fill(1), b: [] });
    await expect(read('application/json', body(999))).resolves.toMatchObject({ b: [] });
    await expect(read('application/json', body(1_000))).rejects.toMatchObject({
      code: 'form-unreadable',
    });
  });

  test('that is not UTF-8 where it has to be', async () => {
    const bytes = Buffer.from('{"a": "\xff"}', 'latin1');
    await expect(read('application/json', bytes)).rejects.toMatchObject({ status: 400 });
  });

  test('that is too large', async () => {
    await expect(read(urlencoded, 'x'.repeat(10 * 1_048_576 + 1))).rejects.toMatchObject({
      code: 'input-too-large',
      status: 413,
    });
  });
});
