import type { Rule } from '../domain/rule.ts';
import { formatTableName, type TableName } from '../domain/table.ts';

/** The rules of these tables, in their order. */
export function rulesOf<R extends Pick<Rule, 'table'>>(
  tables: readonly TableName[],
  rules: readonly R[],
): readonly R[] {
  const wanted = new Set(tables.map(formatTableName));
  return rules.filter(({ table }) => wanted.has(formatTableName(table)));
}
