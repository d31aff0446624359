import { sameInstant } from './same-instant.ts';
import { sameNumber } from './same-number.ts';

/** A number as it was written: neither an int8 nor a numeric fits into a double. */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Where two JSON texts differ: `price`, `tags.2`, or the empty path where they do as a whole. The order of members does
 * not count, nor the way to write a number or an instant: drivers hand numeric and int8 over as text, and timestamptz as
 * a Date. Undefined where one of them is no JSON.
 */
export function compareJson(one: string, other: string): readonly string[] | undefined {
  try {
    return [...differences(parse(one), parse(other), [])];
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? new NumberText(context?.source ?? String(value)) : value,
  );
}

function* differences(one: unknown, other: unknown, path: readonly string[]): Generator<string> {
  if (isObject(one) && isObject(other) && Array.isArray(one) === Array.isArray(other)) {
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)]))
      yield* differences(one[name], other[name], [...path, name]);
    return;
  }
  if (!sameScalar(one, other)) yield path.join('.');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof NumberText);
}

function sameScalar(one: unknown, other: unknown): boolean {
  if (typeof one === 'string' && typeof other === 'string') return one === other || sameInstant(one, other);
  const text = textOf(one);
  const otherText = textOf(other);
  return text === undefined || otherText === undefined ? one === other : sameNumber(text, otherText);
}

/** Of a number, or of a text that may be one. */
function textOf(value: unknown): string | undefined {
  if (value instanceof NumberText) return value.text;
  return typeof value === 'string' ? value : undefined;
}
