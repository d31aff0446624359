import type { Rule } from '../domain/rule.ts';
import { formatTableName } from '../domain/table.ts';

/** What was checked, as the reports have it. */
export interface CheckedCounts {
  readonly rules: number;
  readonly tables: number;
}

export function countChecked(rules: readonly Pick<Rule, 'table'>[]): CheckedCounts {
  const tables = new Set(rules.map(({ table }) => formatTableName(table)));
  return { rules: rules.length, tables: tables.size };
}
