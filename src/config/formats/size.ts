import type { Format } from './format.ts';
import { quantity } from './quantity.ts';

const BYTES = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** `64MiB` or `1GB`, in bytes. */
export function size(min: string, max: string): Format<number> {
  return quantity(BYTES, { min, max, expected: 'a size such as 64MiB' });
}
