import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatLsn, parseLsn, toLsn, ZERO_LSN } from '../../../src/domain/lsn.ts';

const lsn = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map(toLsn);

test.each([
  ['0/0', 0n],
  ['16/B374D848', 0x16_b374_d848n],
  ['ffffffff/FFFFFFFF', 0xffff_ffff_ffff_ffffn],
  ['0/00000001', 1n],
])('%s is byte %d of the log', (text, value) => {
  expect(parseLsn(text)).toBe(value);
});

test('a position is printed as Postgres does: upper-case, unpadded', () => {
  expect(formatLsn(toLsn(0x16_b374_d848n))).toBe('16/B374D848');
  expect(formatLsn(ZERO_LSN)).toBe('0/0');
});

test('every position survives being printed and read', () => {
  fc.assert(fc.property(lsn, (position) => parseLsn(formatLsn(position)) === position));
});

test('positions are ordered as their high and low halves are', () => {
  const half = fc.integer({ min: 0, max: 0xffff_ffff });
  const halves = fc.tuple(half, half);
  fc.assert(
    fc.property(halves, halves, ([highA, lowA], [highB, lowB]) => {
      const [a, b] = [
        [highA, lowA],
        [highB, lowB],
      ].map((pair) => parseLsn(pair.map((part) => part.toString(16)).join('/')));
      const isBefore = highA < highB || (highA === highB && lowA < lowB);
      return a !== undefined && b !== undefined && a < b === isBefore;
    }),
  );
});

test.each(['', '0', '0/', '/0', '0/0/0', 'G/0', '123456789/0', ' 0/0', '0x1/0', '-1/0'])(
  '%j is not a position',
  (text) => {
    expect(() => parseLsn(text)).toThrow(RangeError);
  },
);

test.each([-1n, 2n ** 64n])('%d does not fit in 64 bits', (value) => {
  expect(() => toLsn(value)).toThrow(RangeError);
});
