import { expect, test } from 'vitest';
import { parseSqlTemplate } from '../../../src/config/parse-sql-template.ts';
import { fanOutQuery } from '../../../src/sql/fan-out-query.ts';
import { offsetInQuery } from '../../../src/sql/offset-in-query.ts';
import { refreshQuery } from '../../../src/sql/refresh-query.ts';

const SOURCE = `SELECT '😀', \${a} AS x, "}" FROM t WHERE b = \${"B } c"} AND wrong = \${a} -- SELECT`;
const query = parseSqlTemplate(SOURCE);

/** Where Postgres would see this part of the statement. */
function positionOf(part: string, statement: string): number {
  const before = statement.slice(0, statement.lastIndexOf(part));
  // Characters, not units of UTF-16.
  return Array.from(before).length + 1;
}

const key = { source: 'k:${x}', parts: [], columns: ['x'] };
const fanOut = `EXPLAIN ${fanOutQuery({ each: query, key, maxRows: 5 }, ['int4', 'numeric(10,2)', 'text[]'])}`;

test.each([
  ['json', `EXPLAIN ${refreshQuery(query, 'json')}`],
  ['string', `EXPLAIN ${refreshQuery(query, 'string')}`],
  ['a fan-out', fanOut],
])('finds the place as %s', (_, statement) => {
  for (const part of ['wrong', 't WHERE', 'x, "}"', '-- SELECT'])
    expect(offsetInQuery(query, statement, positionOf(part, statement))).toBe(SOURCE.lastIndexOf(part));
  expect(offsetInQuery(query, statement, 0)).toBeUndefined();
  expect(offsetInQuery(query, statement, 9)).toBeUndefined();
  expect(offsetInQuery(query, statement, Array.from(statement).length)).toBeUndefined();
});

test('of a parameter it is the beginning', () => {
  const statement = refreshQuery(query, 'json');
  const offset = offsetInQuery(query, statement, positionOf('$2', statement) + 1);
  expect(offset).toBe(SOURCE.indexOf('${"B'));
  expect(offsetInQuery(query, fanOut, positionOf('numeric', fanOut))).toBe(offset);
});
