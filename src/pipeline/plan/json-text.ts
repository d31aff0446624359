import type { Column } from '../../domain/table.ts';
import { TYPE_OIDS } from '../../domain/type-oids.ts';

const { bool: BOOL, int8, int2, int4, oid, float4, float8, numeric, json, jsonb } = TYPE_OIDS;
const NUMBERS: ReadonlySet<number> = new Set([int8, int2, int4, oid, float4, float8, numeric]);
const JSON_TYPES: ReadonlySet<number> = new Set([json, jsonb]);
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
