import { nearestName } from '../../suggest/nearest-name.ts';
import type { Format } from './format.ts';

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[]): Format<T> {
  return {
    expected: `one of ${words.join(', ')}`,
    parse: (raw) => words.find((word) => word === raw),
    hint: (raw) => {
      const nearest = typeof raw === 'string' ? nearestName(raw, words) : undefined;
      return nearest === undefined ? undefined : `did you mean ${nearest}?`;
    },
  };
}
