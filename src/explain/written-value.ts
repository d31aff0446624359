import { TYPE_OIDS } from '../domain/type-oids.ts';
import type { NamedValue } from './explain-change.ts';

/**
 * A value as a person writes it in JSON or YAML, in Postgres' text form: numbers keep every digit where they came as
 * `JSON.rawJSON`, booleans become `t` and `f`, objects and arrays stay JSON.
 */
export function readWrittenValue(value: unknown): NamedValue {
  return { text: textForm(value), typeOid: typeOf(value) };
}

function textForm(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  return JSON.stringify(value);
}

function typeOf(value: unknown): number {
  if (value === null) return 0;
  if (typeof value === 'boolean') return TYPE_OIDS.bool;
  if (typeof value === 'string') return TYPE_OIDS.text;
  return JSON.isRawJSON(value) ? TYPE_OIDS.numeric : TYPE_OIDS.jsonb;
}

// Part of JavaScript since 2025, and not yet of its type declarations.
declare global {
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}
