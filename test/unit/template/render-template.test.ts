import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKeyTemplate } from '../../../src/config/parse-key-template.ts';
import type { ColumnValue } from '../../../src/domain/change.ts';
import { FILTER_NAMES, type KeyTemplate, type TemplatePart } from '../../../src/domain/key-template.ts';
import { keyPattern } from '../../../src/template/key-pattern.ts';
import { compileTemplate } from '../../../src/template/render-template.ts';
import { tableOf } from '../../fixtures/pgoutput/encode.ts';
import { redisGlobMatches } from './redis-glob.ts';

const COLUMNS = ['a', 'b', 'c'] as const;
const table = tableOf('products', COLUMNS);

function render(template: string, ...row: readonly ColumnValue[]) {
  return compileTemplate(parseKeyTemplate(template), table)(row);
}

test('values go in raw, where the columns stand', () => {
  expect(render('x:${b}:${a}:${b}', '1 / *', 'ü:', 'unused')).toBe('x:ü::1 / *:ü:');
});

test.each([
  ['lower', 'ÄB c', 'äb c'],
  ['upper', 'äb c', 'ÄB C'],
  ['trim', ' \tab \n', 'ab'],
  ['urlencode', 'a b/ü?*', 'a%20b%2F%C3%BC%3F*'],
  ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['md5', 'abc', '900150983cd24fb0d6963f7d28e17f72'],
])('the filter %s makes %j into %j', (filter, value, expected) => {
  expect(render(`x:\${a|${filter}}`, value)).toBe(`x:${expected}`);
});

test('filters are applied from left to right', () => {
  expect(render('x:${a|trim|lower|md5}', ' ABC ')).toBe(render('x:${a|md5}', 'abc'));
  expect(render('x:${a|md5|upper}', 'abc')).not.toBe(render('x:${a|upper|md5}', 'abc'));
});

test('NULL means that there is no such key, whatever else is unknown', () => {
  expect(render('x:${a}:${b}', null, 'b')).toBeNull();
  expect(render('x:${a}:${b}', undefined, null)).toBeNull();
});

test('a value that the row does not tell means that the key cannot be told', () => {
  expect(render('x:${a}:${b}', 'a', undefined)).toBeUndefined();
  expect(render('x:${dropped}', 'a', 'b', 'c')).toBeUndefined();
});

test('a key of text alone needs no row', () => {
  expect(render('catalog')).toBe('catalog');
});

describe('for every template and row', () => {
  // Whole characters: Postgres never holds half a surrogate pair.
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  const globText = fc.stringMatching(/^[a*?[\]\\^:{}-]{0,8}$/);
  const literal = fc
    .oneof(text, globText)
    .filter((each) => each !== '')
    .map((each): TemplatePart => ({ kind: 'literal', text: each }));
  const column = fc
    .record({
      column: fc.constantFrom(...COLUMNS),
      filters: fc.array(fc.constantFrom(...FILTER_NAMES), { maxLength: 2 }),
    })
    .map((each): TemplatePart => ({ kind: 'column', ...each }));
  const template = fc.array(fc.oneof(literal, column), { minLength: 1, maxLength: 6 }).map(
    (parts): KeyTemplate => ({
      source: '',
      parts,
      columns: [...new Set(parts.flatMap((part) => (part.kind === 'column' ? [part.column] : [])))],
    }),
  );
  const told = fc.oneof(text, globText);

  test('the key matches the pattern of its template', () => {
    fc.assert(
      fc.property(template, rowOf(told), (each, row) => {
        const key = compileTemplate(each, table)(row);
        return typeof key === 'string' && redisGlobMatches(keyPattern(each), key);
      }),
    );
  });

  test('without filters the key is the texts and values side by side', () => {
    fc.assert(
      fc.property(template, rowOf(told), (each, row) => {
        const parts = each.parts.map((part) => (part.kind === 'column' ? { ...part, filters: [] } : part));
        const expected = parts.map((part) =>
          part.kind === 'literal' ? part.text : row[COLUMNS.indexOf(part.column as 'a')],
        );
        return compileTemplate({ ...each, parts }, table)(row) === expected.join('');
      }),
    );
  });

  test('there is no key with a NULL in it, and none with an unknown value', () => {
    const any = fc.constantFrom<ColumnValue>('value', null, undefined);
    fc.assert(
      fc.property(template, rowOf(any), (each, row) => {
        const used = each.columns.map((name) => row[COLUMNS.indexOf(name as 'a')]);
        const key = compileTemplate(each, table)(row);
        if (used.includes(null)) return key === null;
        return used.includes(undefined) ? key === undefined : typeof key === 'string';
      }),
    );
  });
});

function rowOf(value: fc.Arbitrary<ColumnValue>): fc.Arbitrary<ColumnValue[]> {
  return fc.array(value, { minLength: COLUMNS.length, maxLength: COLUMNS.length });
}
