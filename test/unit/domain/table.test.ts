import { expect, test } from 'vitest';
import { formatTableName } from '../../../src/domain/table.ts';

test.each([
  ['public', 'products', 'public.products'],
  ['Shop', 'Item', '"Shop"."Item"'],
  ['public', 'order items', 'public."order items"'],
  ['public', 'a"b', 'public."a""b"'],
  ['public', 'größe', 'public."größe"'],
  ['public', '1st', 'public."1st"'],
  ['public', 'order', 'public."order"'],
])('%s and %s are written so that SQL reads them back', (schema, name, text) => {
  expect(formatTableName({ schema, name })).toBe(text);
});
