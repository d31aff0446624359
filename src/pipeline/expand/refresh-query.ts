import type { ResultShape } from '../../domain/rule.ts';
import type { SqlTemplate } from '../../domain/sql-template.ts';

/** The user's query with `$1`, `$2`, ... in it, inside one that gives its result the wanted shape. */
export function refreshQuery(query: SqlTemplate, as: ResultShape): string {
  const inner = query.texts.map((text, index) => (index === 0 ? text : `$${index}${text}`)).join('');
  const first = `(SELECT * FROM (${inner}) AS freshet_query LIMIT 1) AS q`;
  switch (as) {
    case 'json':
      return `SELECT row_to_json(q)::text AS value FROM ${first}`;
    case 'rows':
      return `SELECT coalesce(json_agg(q), '[]')::text AS value FROM (${inner}) AS q`;
    case 'string':
    case 'hash':
      return `SELECT field.key, field.value FROM ${first}, json_each_text(row_to_json(q)) AS field`;
  }
}

/** One row of such a query. */
export interface RefreshRow {
  readonly key?: string;
  readonly value: string | null;
}
