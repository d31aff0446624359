import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatVersion, type Version } from '../../../src/domain/version.ts';

const version: fc.Arbitrary<Version> = fc.record({
  epoch: fc.nat({ max: 0xffff_ffff }),
  commitLsn: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  ordinal: fc.nat({ max: 0xffff_ffff }),
});

/** As what it is: the epoch first, then the commit, then the row. */
function isOlder(one: Version, other: Version): boolean {
  if (one.epoch !== other.epoch) return one.epoch < other.epoch;
  if (one.commitLsn !== other.commitLsn) return one.commitLsn < other.commitLsn;
  return one.ordinal < other.ordinal;
}

test('the order of the texts is that of the versions', () => {
  // A few close to each other, for two at random hardly ever agree in a part.
  const near = fc.tuple(version, version).chain(([a, b]) =>
    fc.tuple(
      fc.constant(a),
      fc.record({
        epoch: fc.constantFrom(a.epoch, b.epoch),
        commitLsn: fc.constantFrom(a.commitLsn, b.commitLsn),
        ordinal: fc.constantFrom(a.ordinal, b.ordinal),
      }),
    ),
  );
  fc.assert(
    fc.property(near, ([one, other]) => {
      const [a, b] = [formatVersion(one), formatVersion(other)];
      expect(a < b).toBe(isOlder(one, other));
      expect(a === b).toBe(!isOlder(one, other) && !isOlder(other, one));
    }),
    { numRuns: 1_000 },
  );
});

test('every version is 32 hexadecimal digits, the greatest too', () => {
  expect(formatVersion({ epoch: 1_700_000_000, commitLsn: 0x16_b374_d848n, ordinal: 12 })).toBe(
    '6553f10000000016b374d8480000000c',
  );
  fc.assert(fc.property(version, (each) => /^[0-9a-f]{32}$/.test(formatVersion(each))));
});
