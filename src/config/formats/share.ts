import type { Format } from './format.ts';

/** `10%` or `0.1`, as a share of one. */
export function share(max: number): Format<number> {
  return {
    expected: `a share of 0 to ${max * 100}%, such as 10%`,
    parse: (raw) => {
      const [, digits, percent] = /^(\d+(?:\.\d+)?)(%)?$/.exec(String(raw)) ?? [];
      if (digits === undefined) return undefined;
      const value = percent === undefined ? Number(digits) : Number(digits) / 100;
      return value <= max ? value : undefined;
    },
    hint: (raw) =>
      /^\d+$/.test(String(raw)) && Number(raw) > 1 ? 'for a percentage write the sign, as in 10%' : undefined,
  };
}
