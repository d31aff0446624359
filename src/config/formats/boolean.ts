import type { Format } from './format.ts';

/** `true` or `false` and nothing else: `no`, `0` and the empty string are errors, not values. */
export const boolean: Format<boolean> = {
  expected: 'true or false',
  parse: (raw) => {
    if (raw === true || raw === 'true') return true;
    return raw === false || raw === 'false' ? false : undefined;
  },
};
