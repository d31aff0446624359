import type { Format } from './format.ts';

const DECIMAL = /^(?:0|[1-9]\d*)$/;

/** A whole number in decimal digits, between two bounds that both count. */
export function integer(min: number, max: number, what = 'an integer'): Format<number> {
  return {
    expected: `${what} from ${min} to ${max}`,
    parse: (raw) => {
      const value = typeof raw === 'string' && DECIMAL.test(raw) ? Number(raw) : raw;
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : undefined;
    },
  };
}
