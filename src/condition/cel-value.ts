import { type CelInput, celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import { type ArrayItem, readArray } from './array-text.ts';
import type { ColumnForm } from './column-type.ts';
import { toRfc3339 } from './instant.ts';
import { exceedsDouble } from './number-order.ts';

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const ISO_TIMESTAMP = plan(celEnv(), parse('timestamp(text)').expr);

/**
 * A column's text as a value of the library. Numeric stays text: the library has no type that keeps its digits, and
 * `double(row.price)`, `int(row.price)` and `string(row.price)` read text.
 * @throws Error where the library has no such value; its message has no value of the row
 */
export function toCelValue(form: ColumnForm, text: string): CelInput {
  if (typeof form === 'object') return readArray(text).map((item) => toCelItem(form.arrayOf, item));
  switch (form) {
    case 'bool':
      return text === 't' || text === 'true';
    case 'int':
      return BigInt(text);
    case 'double':
      return Number(text);
    case 'numeric':
    case 'string':
      return text;
    case 'padded':
      return trimPadding(text);
    case 'bytes':
      if (!text.startsWith('\\x')) throw new Error('bytea that is not in hexadecimal');
      return Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
    case 'timestamp':
      return toCelTimestamp(text);
    case 'json':
      return readJson(text);
  }
}

/** char(n) ignores trailing spaces, and only spaces, wherever Postgres compares it. */
export function trimPadding(text: string): string {
  return text.replace(/ +$/, '');
}

/** Whether an RFC 3339 text is a timestamp of CEL. */
export function isCelTimestamp(text: string): boolean {
  return !isCelError(ISO_TIMESTAMP({ text }));
}

function toCelItem(form: ColumnForm, item: ArrayItem): CelInput {
  if (item === null) return null;
  return typeof item === 'string' ? toCelValue(form, item) : item.map((inner) => toCelItem(form, inner));
}

function toCelTimestamp(text: string): CelInput {
  const rfc3339 = toRfc3339(text);
  const value = rfc3339 === undefined ? undefined : ISO_TIMESTAMP({ text: rfc3339 });
  if (value === undefined || isCelError(value)) throw new Error('a timestamp outside the years 1 to 9999');
  return value;
}

/** Integers become int; other numbers double where that keeps every digit, else text, which compares with no number. */
function readJson(text: string): CelInput {
  return toMaps(JSON.parse(text, exactNumber));
}

/** The third argument is part of JavaScript since 2025, and not yet of its type declarations. */
function exactNumber(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const source = context?.source ?? String(value);
  if (/^-?\d{1,19}$/.test(source)) {
    const integer = BigInt(source);
    if (integer >= MIN_INT && integer <= MAX_INT) return integer;
  }
  return exceedsDouble(source) || !Number.isFinite(value) ? source : value;
}

/** Maps and not objects, so that no key of a document means something to JavaScript. */
function toMaps(value: unknown): CelInput {
  if (Array.isArray(value)) return value.map(toMaps);
  if (typeof value !== 'object' || value === null) return value as CelInput;
  return new Map(Object.entries(value).map(([key, item]): [string, CelInput] => [key, toMaps(item)]));
}
