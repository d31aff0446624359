import { DURATION_UNITS } from '../../domain/duration.ts';
import type { Format } from './format.ts';
import { quantity } from './quantity.ts';

/** `200ms`, `10s`, `5m`, `1h` or `7d`, in milliseconds. */
export function duration(min: string, max: string): Format<number> {
  return quantity(DURATION_UNITS, { min, max, expected: 'a duration such as 200ms, 10s, 5m or 1d' });
}
