import { expect, test } from 'vitest';
import { type SettledLsn, toLsn } from '../../../../src/domain/lsn.ts';
import { standbyStatus } from '../../../../src/pipeline/capture/standby-status.ts';
import { AckTracker } from '../../../../src/pipeline/settle/ack-tracker.ts';

/** The only way to come by one. */
function settledAt(position: bigint): SettledLsn {
  return new AckTracker().open(toLsn(position))();
}

test('the message is as the protocol describes it, byte for byte', () => {
  const nowMs = Date.UTC(2000, 0, 1) + 1;
  expect(standbyStatus(toLsn(0x20n), settledAt(0x10n), nowMs, true).toString('hex')).toBe(
    [
      '72', // r
      '0000000000000020', // written
      '0000000000000010', // flushed
      '0000000000000010', // applied
      '00000000000003e8', // 1,000 microseconds since 2000
      '01', // please reply
    ].join(''),
  );
});

test('what is confirmed is the very position, not one past it', () => {
  const settled = settledAt(0xab_0000_0001n);
  expect(standbyStatus(toLsn(0n), settled, Date.now(), false).readBigUInt64BE(9)).toBe(0xab_0000_0001n);
});

test('before anything is settled nothing is confirmed, whatever was received', () => {
  const message = standbyStatus(toLsn(0x99n), undefined, Date.now(), false);
  expect([1, 9, 17].map((at) => message.readBigUInt64BE(at))).toEqual([0x99n, 0n, 0n]);
});

test('the written position is never behind the confirmed one', () => {
  const message = standbyStatus(toLsn(0x10n), settledAt(0x20n), Date.now(), false);
  expect([1, 9, 17].map((at) => message.readBigUInt64BE(at))).toEqual([0x20n, 0x20n, 0x20n]);
});

test('a clock before the year 2000 and a position above 2^63 fit', () => {
  const message = standbyStatus(toLsn(2n ** 64n - 1n), undefined, 0, false);
  expect(message.readBigUInt64BE(1)).toBe(2n ** 64n - 1n);
  expect(message.readBigInt64BE(25)).toBe(-BigInt(Date.UTC(2000, 0, 1)) * 1000n);
});
