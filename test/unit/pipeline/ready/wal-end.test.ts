import { expect, test } from 'vitest';
import { formatLsn, parseLsn } from '../../../../src/domain/lsn.ts';
import { walEnd } from '../../../../src/pipeline/ready/wal-end.ts';

test.each([
  ['within a page', '0/14F17B8', '0/14F17B8'],
  ['behind the header of a page: the last record ended with the page before', '0/201A018', '0/201A000'],
  ['behind the header of a segment, which is longer: after pg_switch_wal()', '0/2000028', '0/2000000'],
  ['a record of 16 bytes behind the header of a page, not a header of a segment', '0/201A028', '0/201A028'],
])('%s', (_what, inserted, expected) => {
  const end = walEnd({ inserted: parseLsn(inserted), pageBytes: 8_192, segmentBytes: 16_777_216 });
  expect(formatLsn(end)).toBe(expected);
});
