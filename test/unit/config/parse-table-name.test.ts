import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ParseError } from '../../../src/config/parse-error.ts';
import { parseTableName } from '../../../src/config/parse-table-name.ts';
import { formatTableName } from '../../../src/domain/table.ts';

test.each([
  ['public.products', 'public', 'products'],
  ['Public.PRODUCTS', 'public', 'products'],
  ['"Shop"."Item"', 'Shop', 'Item'],
  ['shop."a.b ""c"""', 'shop', 'a.b "c"'],
  ['café.größe', 'café', 'größe'],
])('%s', (source, schema, name) => {
  expect(parseTableName(source)).toEqual({ schema, name });
});

test('whatever the catalog holds, its SQL form reads back', () => {
  const name = fc.string({ minLength: 1, maxLength: 15 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(name, name, (schema, table) => {
      const source = formatTableName({ schema, name: table });
      expect(parseTableName(source)).toEqual({ schema, name: table });
    }),
  );
});

test.each([
  ['products', 0, 'products has no schema', 'write public.products'],
  ['"Item"', 0, '"Item" has no schema', 'write public."Item"'],
  ['a.b.c', 3, '"a.b.c" has more than two names', 'write schema.table, without the database'],
])('%s is refused with the way to write it', (source, offset, message, remedy) => {
  expect(faultOf(source)).toMatchObject({ offset, message, remedy });
});

test.each([
  ['', 0],
  ['public.', 7],
  ['.products', 0],
  ['public products', 6],
  ['public.products;', 15],
  ['public."x', 7],
  ['public.""', 7],
  ['1a.b', 0],
  [`public.${'x'.repeat(64)}`, 7],
])('%j is refused at its character %d', (source, offset) => {
  expect(faultOf(source).offset).toBe(offset);
});

function faultOf(source: string): ParseError {
  try {
    parseTableName(source);
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
  throw new Error('expected a ParseError');
}
