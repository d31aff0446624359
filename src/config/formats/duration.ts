import type { Format } from './format.ts';
import { quantity } from './quantity.ts';

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `200ms`, `10s`, `5m` or `1h`, in milliseconds. */
export function duration(min: string, max: string): Format<number> {
  return quantity(MILLISECONDS, { min, max, expected: 'a duration such as 200ms, 10s or 5m' });
}
