/**
 * A number read from its text without losing a digit: a JavaScript number where that is exact enough to compare
 * (15 significant digits survive the way to a double and back, so their order and equality do too), else a decimal.
 */
export type ExactNumber = number | Decimal;

/** unscaled * 10^-scale */
interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

const EXACT_DIGITS = 15;
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;
const NOT_FINITE: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

/** Reads what Postgres writes for a number, or a text that `isNumber`. */
export function readNumber(text: string): ExactNumber {
  if (text.length <= EXACT_DIGITS) return Number(text);
  return readDecimal(text) ?? Number.NaN;
}

/** Whether a text that a person wrote is a decimal number. */
export function isNumber(text: string): boolean {
  const [, , whole = '', fraction = ''] = NUMBER.exec(text) ?? [];
  return whole + fraction !== '' || NOT_FINITE.has(text);
}

/** Negative, 0 or positive. NaN equals itself and is above everything else, as Postgres orders numeric. */
export function compareNumbers(a: ExactNumber, b: ExactNumber): number {
  if (typeof a === 'number' && typeof b === 'number') {
    if (a < b) return -1;
    if (a > b) return 1;
    return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  }
  if (typeof a === 'number' && !Number.isFinite(a)) return a === Number.NEGATIVE_INFINITY ? -1 : 1;
  if (typeof b === 'number' && !Number.isFinite(b)) return b === Number.NEGATIVE_INFINITY ? 1 : -1;
  return compareDecimals(toDecimal(a), toDecimal(b));
}

/** Whether a number's text has more digits than a double is sure to keep, as a number literal would lose. */
export function exceedsDouble(text: string): boolean {
  const [mantissa = ''] = text.toLowerCase().split('e');
  return mantissa.replaceAll(/^[+-]?[0.]*|\./g, '').length > EXACT_DIGITS;
}

function readDecimal(text: string): Decimal | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  if (whole + fraction === '') return undefined;
  return {
    unscaled: BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`),
    scale: fraction.length - Number(exponent),
  };
}

function toDecimal(value: ExactNumber): Decimal {
  return typeof value === 'number' ? (readDecimal(String(value)) ?? { unscaled: 0n, scale: 0 }) : value;
}

function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = a.unscaled * 10n ** BigInt(scale - a.scale);
  const right = b.unscaled * 10n ** BigInt(scale - b.scale);
  return left < right ? -1 : Number(left > right);
}
