const TIMESTAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}:\d{2})$/;
/** What a `Date` of JavaScript becomes in JSON: milliseconds, whatever the column had beyond them. */
const DATE_TEXT = /\.\d{3}Z$/;

const DATE_DIGITS = 3;
const POSTGRES_DIGITS = 6;

/**
 * Whether two texts are the same instant, each a whole ISO date-time with its zone: `2026-01-01T00:00:00.000Z` is
 * `2026-01-01T00:00:00+00:00`. Postgres leaves out zeros, so the number of digits tells no precision: microseconds
 * count, unless exactly one of the two is written as a `Date` is, which has lost them; then whole milliseconds do.
 */
export function sameInstant(one: string, other: string): boolean {
  const digits = DATE_TEXT.test(one) === DATE_TEXT.test(other) ? POSTGRES_DIGITS : DATE_DIGITS;
  const instant = instantOf(one, digits);
  return instant !== undefined && instant === instantOf(other, digits);
}

/** Seconds as a number of ms, and so many digits of the fraction, cut off and not rounded, as drivers do. */
function instantOf(text: string, digits: number): string | undefined {
  const [, seconds = '', fraction = '', zone = ''] = TIMESTAMP.exec(text) ?? [];
  const ms = Date.parse(seconds + zone);
  return Number.isNaN(ms) ? undefined : `${ms}.${fraction.padEnd(digits, '0').slice(0, digits)}`;
}
