import { assert, constantFrom, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { compileKeyReader } from '../../../src/audit/compile-key-reader.ts';
import { parseKeyTemplate } from '../../../src/config/parse-key-template.ts';
import { compileTemplate } from '../../../src/template/render-template.ts';

function read(template: string, key: string): Readonly<Record<string, string>> | string | undefined {
  const found = compileKeyReader(parseKeyTemplate(template))?.(key);
  return typeof found === 'object' ? Object.fromEntries(found) : found;
}

test.each([
  ['product:${id}', 'product:7', { id: '7' }],
  ['{user:${id}}:profile', '{user:7}:profile', { id: '7' }],
  ['a.b:${id}', 'a.b:', { id: '' }],
  ['${tenant}/${id}', 'acme/7', { tenant: 'acme', id: '7' }],
  ['post:${slug|urlencode}:${lang}', 'post:a%3Ab:en', { slug: 'a:b', lang: 'en' }],
  ['${id}:${id}', '7:7', { id: '7' }],
  ['catalog:homepage', 'catalog:homepage', {}],
])('%s is read from %s', (template, key, columns) => {
  expect(read(template, key)).toEqual(columns);
});

test.each([
  ['product:${id}', 'products:7', 'other text'],
  ['a.b:${id}', 'axb:7', 'a dot is a dot'],
  ['${id}:${id}', '7:8', 'one column, two texts'],
  ['post:${slug|urlencode}', 'post:a b', 'nothing encodes to this'],
  ['post:${slug|urlencode}', 'post:%', 'nor to this'],
])('%s is not read from %s: %s', (template, key) => {
  expect(read(template, key)).toBeUndefined();
});

test("a key that could be split in two ways is told from one that is somebody else's", () => {
  expect(read('${tenant}:${id}', 'a:b:c')).toBe('ambiguous');
  expect(read('pair:${x}:${y}', 'pair:a:b:c')).toBe('ambiguous');
});

test.each(['lower', 'upper', 'trim', 'sha256', 'md5'])(
  'what goes through %s cannot be read back',
  (filter) => {
    expect(compileKeyReader(parseKeyTemplate(`user:\${email|${filter}}`))).toBeUndefined();
  },
);

test('whatever is read builds the same key again, and what was built is read right or not at all', () => {
  const template = parseKeyTemplate('x:${a}:${b|urlencode}-${c}');
  const columns = ['a', 'b', 'c'].map((name) => ({ name, typeOid: 25, inIdentity: false }));
  const render = compileTemplate(template, { oid: 0, schema: '', name: '', identity: 'nothing', columns });
  const readKey = compileKeyReader(template);
  const text = string({ unit: constantFrom('a', ':', '-', '%', 'é', ' '), maxLength: 5 });
  assert(
    property(text, text, text, (a, b, c) => {
      const key = render([a, b, c]);
      if (typeof key !== 'string') throw new Error('a template of texts always renders');
      const found = readKey?.(key);
      if (found !== undefined && found !== 'ambiguous') expect([...found.values()]).toEqual([a, b, c]);
    }),
    { numRuns: 2_000 },
  );
});
