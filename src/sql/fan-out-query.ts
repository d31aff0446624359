import type { FanOut } from '../domain/rule.ts';
import { quoteIdentifier } from '../domain/table.ts';

/**
 * One statement for all rows of a batch: the user's query runs beside each row of parameters, which are bound as
 * arrays of text and cast to the types of their columns. Its rows have the columns of the key as `r0`, `r1`, ... in
 * Postgres' text form, as pgoutput has them (for a bool, `::text` would not).
 * @param types of the parameters, as SQL writes them
 */
export function fanOutQuery({ each, key, maxRows }: FanOut, types: readonly string[]): string {
  const inner = each.texts
    .map((text, index) => (index === 0 ? text : `(freshet_row.p${index - 1}::${types[index - 1]})${text}`))
    .join('');
  const results = key.columns.map((column, index) => {
    const name = `freshet_result.${quoteIdentifier(column)}`;
    // IS NOT NULL would be false for a composite with one NULL in it.
    return `CASE WHEN ${name} IS DISTINCT FROM NULL THEN format('%s', ${name}) END AS r${index}`;
  });
  const from = each.parameters.length === 0 ? '(VALUES (0)) AS freshet_row' : rowsOf(each.parameters.length);
  return [
    `SELECT DISTINCT ${results.length === 0 ? "''" : results.join(', ')}`,
    `FROM ${from} CROSS JOIN LATERAL (${inner}`,
    // On a line of its own: the query may end with a comment.
    `) AS freshet_result LIMIT ${maxRows + 1}`,
  ].join('\n');
}

/** What to bind to the statement: an array for each parameter. @param rows values by parameter */
export function fanOutValues(
  { each }: FanOut,
  rows: readonly (readonly (string | null)[])[],
): readonly (readonly (string | null)[])[] {
  return each.parameters.map((_, index) => rows.map((row) => row[index] ?? null));
}

function rowsOf(parameters: number): string {
  const arrays = Array.from({ length: parameters }, (_, index) => `$${index + 1}::text[]`);
  const names = arrays.map((_, index) => `p${index}`);
  return `unnest(${arrays.join(', ')}) AS freshet_row(${names.join(', ')})`;
}
