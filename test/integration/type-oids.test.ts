import { expect, test } from 'vitest';
import { TYPE_OIDS } from '../../src/domain/type-oids.ts';
import { TestContext } from '../support/test-context.ts';

test('the oids of types are those of Postgres', async () => {
  await using context = await TestContext.open();
  const rows = await context.sql.rows<{ name: string; oid: number }>(
    'SELECT name, name::regtype::oid::int AS oid FROM unnest($1::text[]) name',
    [Object.keys(TYPE_OIDS)],
  );
  expect(Object.fromEntries(rows.map(({ name, oid }) => [name, oid]))).toEqual(TYPE_OIDS);
});
