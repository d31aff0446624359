import { expect, test } from 'vitest';
import { toLsn } from '../../../src/domain/lsn.ts';
import {
  decodeFingerprint,
  encodeFingerprint,
  isSameFingerprint,
} from '../../../src/migrations/encode-fingerprint.ts';
import type { Fingerprint } from '../../../src/migrations/fingerprint.ts';
import { aFingerprint, aMember, aTable } from './fingerprints.ts';

test('what was written down is read again', () => {
  const kept = { fingerprint: aFingerprint({ publication: null }), lsn: toLsn(0x16_b374_d848n) };
  expect(decodeFingerprint(encodeFingerprint(kept))).toEqual(kept);
});

test.each(['', 'garbage', 'null', '{}', '{"format": 0, "lsn": "0/0", "publication": null, "tables": []}'])(
  '%j is of no use',
  (text) => expect(decodeFingerprint(text)).toBeUndefined(),
);

function withNews(mayHaveRows: boolean): Fingerprint {
  return aFingerprint({ tables: [aTable({ members: [aMember({ mayHaveRows })] })] });
}

test('whether a new partition is empty makes no other fingerprint', () => {
  expect(isSameFingerprint(withNews(true), withNews(false))).toBe(true);
  expect(isSameFingerprint(withNews(true), aFingerprint())).toBe(true);
  expect(isSameFingerprint(aFingerprint(), aFingerprint({ tables: [] }))).toBe(false);
});
