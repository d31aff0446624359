import type { Effect } from '../../domain/effect.ts';
import { quoteIdentifier } from '../../domain/table.ts';

type FanOutEffect = Extract<Effect, { kind: 'fanOut' }>;

/**
 * One statement for all rows of a batch: the user's query runs beside each row of parameters, which are bound as
 * arrays of text and cast to the types of their columns. Results come in Postgres' text form, as keys have it.
 * @param types of the parameters, as SQL writes them
 */
export function fanOutQuery(
  effects: readonly FanOutEffect[],
  types: readonly string[],
): { readonly sql: string; readonly values: readonly unknown[] } {
  const [first] = effects;
  if (first === undefined) throw new Error('no fan-out to ask for');
  const { each, key, maxRows } = first.fanOut;
  const inner = each.texts
    .map((text, index) => (index === 0 ? text : `freshet_row.p${index - 1}::${types[index - 1]}${text}`))
    .join('');
  const results = key.columns.map((column, index) => {
    const name = `freshet_result.${quoteIdentifier(column)}`;
    return `CASE WHEN ${name} IS NOT NULL THEN format('%s', ${name}) END AS r${index}`;
  });
  const from = each.parameters.length === 0 ? '(VALUES (0)) AS freshet_row' : rowsOf(each.parameters.length);
  return {
    sql: `SELECT DISTINCT ${results.join(', ')} FROM ${from} CROSS JOIN LATERAL (${inner}) AS freshet_result LIMIT ${maxRows + 1}`,
    values: each.parameters.map((_, index) => effects.map(({ values }) => values[index] ?? null)),
  };
}

function rowsOf(parameters: number): string {
  const arrays = Array.from({ length: parameters }, (_, index) => `$${index + 1}::text[]`);
  const names = arrays.map((_, index) => `p${index}`);
  return `unnest(${arrays.join(', ')}) AS freshet_row(${names.join(', ')})`;
}
