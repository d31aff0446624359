import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isVisible, nextXid, parseSnapshot } from '../../../../src/pipeline/ready/snapshot.ts';

test('the text form of Postgres is read', () => {
  expect(parseSnapshot('795:799:795,797')).toEqual({
    xmin: 795n,
    xmax: 799n,
    running: new Set([795n, 797n]),
  });
  expect(parseSnapshot('4294967301:4294967301:').running).toEqual(new Set());
});

test.each(['', '1:2', '1:2:3,', 'a:b:', '1:2:3;4', '-1:2:'])('%j is not a snapshot', (text) => {
  expect(() => parseSnapshot(text)).toThrow(RangeError);
});

test('a transaction is visible when it is older than all that run, or between them and done', () => {
  const snapshot = parseSnapshot('795:799:795,797');
  expect([794, 795, 796, 797, 798, 799, 800].filter((xid) => isVisible(snapshot, xid))).toEqual([
    794, 796, 798,
  ]);
});

test('the low bits on the wire mean the transaction nearest to now, also where they wrap around', () => {
  const wrap = 2n ** 32n;
  const snapshot = { xmin: wrap - 2n, xmax: wrap + 5n, running: new Set([wrap - 2n, wrap + 3n]) };
  expect(isVisible(snapshot, 0xffff_fffd)).toBe(true);
  expect(isVisible(snapshot, 0xffff_fffe)).toBe(false);
  expect(isVisible(snapshot, 0xffff_ffff)).toBe(true);
  expect(isVisible(snapshot, 3)).toBe(false);
  expect(isVisible(snapshot, 4)).toBe(true);
  expect(isVisible(snapshot, 5)).toBe(false);
});

test('the next id is past those that run after the last one that has ended, also where they wrap around', () => {
  expect(nextXid({ xmax: 799n }, [])).toBe(799n);
  expect(nextXid({ xmax: 799n }, [795, 798])).toBe(799n);
  expect(nextXid({ xmax: 799n }, [801, 799])).toBe(802n);
  expect(nextXid({ xmax: 2n ** 32n - 1n }, [0xffff_ffff, 5])).toBe(2n ** 32n + 6n);
});

test('it agrees with 64-bit arithmetic wherever the snapshot stands', () => {
  // Near a multiple of 2^32 more often than not.
  const xmax = fc
    .tuple(fc.bigInt({ min: 1n, max: 1_000n }), fc.bigInt({ min: -50n, max: 50n }))
    .map(([epoch, offset]) => epoch * 2n ** 32n + offset);
  const distance = fc.oneof(
    fc.bigInt({ min: -60n, max: 60n }),
    fc.bigInt({ min: 1n - 2n ** 31n, max: 2n ** 31n - 1n }),
  );
  const behind = fc.bigInt({ min: 0n, max: 50n });
  fc.assert(
    fc.property(xmax, behind, fc.array(behind), distance, (top, span, back, offset) => {
      const xmin = top - span;
      const running = new Set(back.map((each) => top - each).filter((xid) => xid >= xmin && xid < top));
      const xid = top + offset;
      const expected = xid < xmin || (xid < top && !running.has(xid));
      const snapshot = parseSnapshot(`${xmin}:${top}:${[...running].join(',')}`);
      return isVisible(snapshot, Number(BigInt.asUintN(32, xid))) === expected;
    }),
    { numRuns: 1_000 },
  );
});
