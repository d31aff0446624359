import type { Column } from '../../domain/table.ts';

/** https://www.postgresql.org/docs/current/catalog-pg-type.html; these oids are fixed. */
const BOOL = 16;
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const JSON_TYPES = new Set([114, 3802]);
/** NaN and the infinities have no form in JSON and become text. */
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * A value in JSON: numbers keep every digit (a reader that parses them as doubles may lose some), booleans and JSON
 * are what they are, everything else is Postgres' text form.
 */
export function jsonText(value: string | null, { typeOid }: Column): string {
  if (value === null) return 'null';
  if (typeOid === BOOL) return value === 't' ? 'true' : 'false';
  if (NUMBERS.has(typeOid) && JSON_NUMBER.test(value)) return value;
  return JSON_TYPES.has(typeOid) ? value : JSON.stringify(value);
}
