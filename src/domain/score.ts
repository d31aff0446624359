import type { ColumnValue } from './change.ts';

const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/**
 * A number in Postgres' text form as the score of a sorted set. Redis keeps it as a double and refuses what does not
 * fit into one, so that becomes infinite, or zero.
 * @returns null where there is no score: NULL and NaN; undefined where nobody can tell
 */
export function scoreOf(value: ColumnValue): string | null | undefined {
  if (value === undefined) return undefined;
  if (value === null || value === 'NaN') return null;
  if (value === 'Infinity') return 'inf';
  if (value === '-Infinity') return '-inf';
  if (!NUMBER.test(value)) return undefined;
  const score = Number(value);
  if (score === 0) return '0';
  if (Number.isFinite(score)) return value;
  return score > 0 ? 'inf' : '-inf';
}
