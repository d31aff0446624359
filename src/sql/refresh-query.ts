import type { Reading, TextShape } from '../domain/rule.ts';
import type { SqlTemplate } from '../domain/sql-template.ts';
import { quoteIdentifier } from '../domain/table.ts';

/**
 * The user's query inside one that gives its result the wanted shape: a single `value`, for a hash the first row as it
 * is, for a template its columns as `r0`, `r1`, ... Members of a set are as they come. Two columns where one is wanted,
 * and a column of a template that there is none of, are refused by the server.
 */
export function refreshQuery(query: SqlTemplate, as: Reading['as']): string {
  const inner = positionalSql(query);
  if (typeof as === 'object' && 'member' in as) return inner;
  const first = `(SELECT * FROM (${inner}) AS freshet_query LIMIT 1) AS freshet_row`;
  if (typeof as === 'object') return `SELECT ${columnsOf(as)} FROM ${first}`;
  switch (as) {
    case 'json':
      return `SELECT row_to_json(freshet_row)::text AS value FROM ${first}`;
    case 'rows':
      return `SELECT coalesce(json_agg(freshet_row), '[]')::text AS value FROM (${inner}) AS freshet_row`;
    case 'string':
      return `SELECT (SELECT * FROM (${inner}) AS freshet_query LIMIT 1) AS value`;
    case 'hash':
      return `SELECT * FROM ${first}`;
  }
}

function columnsOf({ template: { columns } }: TextShape): string {
  return columns.map((name, index) => `freshet_row.${quoteIdentifier(name)} AS r${index}`).join(', ');
}

/** With `$1`, `$2`, ... for the parameters, and a line break at its end, for it may end with a comment. */
function positionalSql({ texts }: SqlTemplate): string {
  return `${texts.map((text, index) => (index === 0 ? text : `$${index}${text}`)).join('')}\n`;
}
