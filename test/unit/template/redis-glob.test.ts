import { expect, test } from 'vitest';
import { redisGlobMatches } from './redis-glob.ts';

// A matcher that says yes to everything would make the properties of patterns worthless.
test.each([
  ['product:*', 'product:7', true],
  ['product:*', 'product:', true],
  ['product:*', 'products:7', false],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'aXcYb', false],
  ['*a', 'aaab', false],
  ['*a*', 'bab', true],
  ['?', 'ab', false],
  ['h[ae]llo', 'hello', true],
  ['h[ae]llo', 'hillo', false],
  ['h[^e]llo', 'hello', false],
  ['h[a-c]llo', 'hbllo', true],
  ['h[c-a]llo', 'hdllo', false],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['\\\\', '\\', true],
  ['[\\]]', ']', true],
  ['grü?e', 'grüße', false],
  ['grü??e', 'grüße', true],
  ['', '', true],
  ['', 'a', false],
])('%j on %j: %s', (pattern, text, expected) => {
  expect(redisGlobMatches(pattern, text)).toBe(expected);
});
