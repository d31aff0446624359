/** A number as it was written: neither an int8 nor a numeric fits into a double. */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Where two JSON texts differ: `price`, `tags.2`, or the empty path where they do as a whole. The order of members and
 * the way to write the same number do not count. Undefined where one of them is no JSON.
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
  if (one instanceof NumberText && other instanceof NumberText) {
    if (!sameNumber(one.text, other.text)) yield path.join('.');
    return;
  }
  if (isObject(one) && isObject(other) && Array.isArray(one) === Array.isArray(other)) {
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)]))
      yield* differences(one[name], other[name], [...path, name]);
    return;
  }
  if (one !== other) yield path.join('.');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof NumberText);
}

/** 1.0 is 1 and 1e2 is 100, as long as a double holds all their digits. */
function sameNumber(one: string, other: string): boolean {
  return one === other || (Number(one) === Number(other) && digits(one) <= 15 && digits(other) <= 15);
}

function digits(text: string): number {
  return text.replaceAll(/e.*|\D/gi, '').length;
}
