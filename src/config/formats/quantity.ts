import type { Format } from './format.ts';

const AMOUNT_AND_UNIT = /^(0|[1-9]\d*)([A-Za-z]*)$/;

/** A number with a unit, counted in the smallest one; a bare number already is in it. */
export function quantity(
  units: Readonly<Record<string, number>>,
  bounds: { readonly min: string; readonly max: string; readonly expected: string },
): Format<number> {
  const min = toSmallestUnit(bounds.min, units) ?? 0;
  const max = toSmallestUnit(bounds.max, units) ?? Number.MAX_SAFE_INTEGER;
  return {
    expected: `${bounds.expected}, from ${bounds.min} to ${bounds.max}`,
    parse: (raw) => {
      const value = typeof raw === 'string' ? toSmallestUnit(raw, units) : raw;
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : undefined;
    },
    hint: (raw) => {
      const unit = typeof raw === 'string' ? /^\d+([A-Za-z]+)$/.exec(raw)?.[1] : undefined;
      return unit === undefined || Object.hasOwn(units, unit)
        ? undefined
        : `units are ${Object.keys(units).join(', ')}`;
    },
  };
}

function toSmallestUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit = ''] = AMOUNT_AND_UNIT.exec(text) ?? [];
  if (amount === undefined) return undefined;
  if (unit === '') return Number(amount);
  return Object.hasOwn(units, unit) ? Number(amount) * (units[unit] ?? Number.NaN) : undefined;
}
