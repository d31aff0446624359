import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalPostgres } from '../../support/postgres/local-postgres.ts';
import { SqlClient } from '../../support/sql-client.ts';
import { insert, type TypeName, tableOf, verdictOf } from './on-table.ts';

/** Postgres is the model: what it says of two values, a condition says of their text. */
const PAIRS = 400;
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='] as const;

let postgres: LocalPostgres;
let sql: SqlClient;

beforeAll(async () => {
  postgres = await LocalPostgres.create();
  sql = await SqlClient.open(postgres.url);
}, 60_000);

afterAll(async () => {
  await sql[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

const INT8 = fc
  .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -9n, max: 9n }))
  .map(String);

/** SQL that writes `b` as a constant of CEL, which has only the years 1 to 9999. */
const TIMESTAMP_LITERAL = `
  CASE WHEN b BETWEEN '0001-01-02' AND '9999-12-30'
  THEN format('timestamp(%L)', to_char(b AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) END`;

/** Many nearly equal ones, of few and of very many digits. */
const NUMERIC = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat({ max: 30 }))
    .map(([unscaled, zeros]) => `${unscaled}.${'0'.repeat(zeros)}1`),
  fc
    .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom('', '.0', '.10', '.1', '.100000000000000001'))
    .map((parts) => parts.join('')),
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-Infinity',
    '1e-300',
    '9007199254740993',
    '9007199254740992',
    '0',
    '-0.000',
  ),
);

const TIMESTAMPTZ = fc.oneof(
  fc
    .tuple(fc.integer({ min: -200_000_000_000, max: 9_000_000_000_000 }), fc.nat({ max: 999_999 }))
    .map(([seconds, micros]) => [seconds, micros] as const),
  fc.tuple(fc.integer({ min: 1_700_000_000, max: 1_700_000_002 }), fc.nat({ max: 2 })),
);

it.each([
  ['int8', INT8],
  ['numeric', NUMERIC],
] as const)('orders %s as Postgres does, column to column and column to constant', async (type, values) => {
  const left = fc.sample(values, PAIRS);
  const right = fc.sample(values, PAIRS);
  await expectAgreement(
    type,
    `SELECT a, b FROM unnest($1::${type}[], $2::${type}[]) AS pair(a, b)`,
    [left, right],
    type === 'numeric' ? 'quote_literal(b)' : 'b::text',
  );
});

it.each(['UTC', 'Asia/Kolkata', 'America/New_York'])(
  'orders timestamptz as Postgres does, written in %s',
  async (zone) => {
    await sql.rows(`SET TimeZone = '${zone}'`);
    const left = fc.sample(TIMESTAMPTZ, PAIRS);
    const right = fc.sample(TIMESTAMPTZ, PAIRS);
    const pairs = `
    SELECT timestamptz 'epoch' + sa * interval '1 s' + ma * interval '1 us' AS a,
           timestamptz 'epoch' + sb * interval '1 s' + mb * interval '1 us' AS b
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[]) AS pair(sa, ma, sb, mb)
    UNION ALL SELECT 'infinity', timestamptz '294276-12-31' UNION ALL SELECT '-infinity', 'infinity'
    UNION ALL SELECT '-infinity', '-infinity' UNION ALL SELECT timestamptz '4713-01-01 00:00:00+00 BC', '0001-02-03'`;
    const parameters = [left, right].flatMap((side) => [
      side.map(([seconds]) => seconds),
      side.map(([, micros]) => micros),
    ]);
    await expectAgreement('timestamptz', pairs, parameters, TIMESTAMP_LITERAL);
  },
);

it('reads bool, arrays, bytea and text as Postgres writes them', async () => {
  const [row] = await sql.rows<Record<string, string>>(`
    SELECT (1 < 2)::text AS yes, ARRAY['a "q" \\ b', NULL, 'NULL', '', '{x,y}', ' ']::text AS items,
           ('\\x00ff'::bytea)::text AS bytes, ('{"a": [1, {"b": 2.50}], "é": "\\u00e9"}'::jsonb)::text AS document`);
  const items = `row.v == ["a \\"q\\" \\\\ b", null, 'NULL', '', '{x,y}', ' ']`;
  expect(verdictOf(items, insert([row?.['items']], tableOf({ v: 'text[]' })))).toBe('yes');
  expect(verdictOf("row.v == b'\\x00\\xff'", insert([row?.['bytes']], tableOf({ v: 'bytea' })))).toBe('yes');
  const document = "row.v.a[0] == 1 && row.v.a[1].b == 2.5 && row.v['é'] == 'é'";
  expect(verdictOf(document, insert([row?.['document']], tableOf({ v: 'jsonb' })))).toBe('yes');
});

interface Pair {
  readonly a: string;
  readonly b: string;
  /** `b` as a constant; NULL where CEL has none. */
  readonly literal: string | null;
  /** Negative, 0 or positive, by Postgres. */
  readonly order: number;
}

/** @param literal SQL for `b` as a condition writes it */
async function expectAgreement(
  type: TypeName,
  pairs: string,
  parameters: readonly unknown[],
  literal: string,
): Promise<void> {
  const rows = await sql.rows<Pair>(
    `SELECT a::text, b::text, ${literal} AS literal, CASE WHEN a < b THEN -1 WHEN a > b THEN 1 ELSE 0 END AS order FROM (${pairs}) AS pairs`,
    parameters,
  );
  expect(rows.length).toBeGreaterThanOrEqual(PAIRS);
  const table = tableOf({ a: type, b: type });
  const wrong = rows.flatMap(({ a, b, order, literal: constant }) =>
    COMPARISONS.flatMap((comparison) => {
      const expected = holds(comparison, order) ? 'yes' : 'no';
      const sources = [
        `row.a ${comparison} row.b`,
        ...(constant === null ? [] : [`row.a ${comparison} ${constant}`]),
      ];
      return sources
        .filter((source) => verdictOf(source, insert([a, b], table)) !== expected)
        .map((source) => `${a}, ${b}: ${source} is not ${expected}`);
    }),
  );
  expect(wrong).toEqual([]);
}

function holds(comparison: (typeof COMPARISONS)[number], order: number): boolean {
  switch (comparison) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}
