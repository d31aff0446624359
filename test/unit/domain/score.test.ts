import { expect, test } from 'vitest';
import { scoreOf } from '../../../src/domain/score.ts';

test.each([
  ['7', '7'],
  ['-9.50', '-9.50'],
  ['1e+20', '1e+20'],
  ['4.9406564584124654e-324', '4.9406564584124654e-324'],
  ['0.00', '0'],
  ['-0', '0'],
  [`0.${'0'.repeat(400)}1`, '0'],
  ['1'.repeat(400), 'inf'],
  [`-${'1'.repeat(400)}`, '-inf'],
  ['Infinity', 'inf'],
  ['-Infinity', '-inf'],
  ['NaN', null],
  [null, null],
  [undefined, undefined],
  ['', undefined],
  ['ten', undefined],
  ['0x10', undefined],
  ['2026-01-01', undefined],
  ['1.2.3', undefined],
])('%j has the score %j', (value, score) => {
  expect(scoreOf(value)).toBe(score);
});
