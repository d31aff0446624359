import { expect, test } from 'vitest';
import { DaemonStatus } from '../../../src/session/daemon-status.ts';

test.each([
  ['starting', false],
  ['reconnecting', false],
  ['draining', false],
  // A rolling update waits for the new process to be ready before it ends the old one, which holds the slot.
  ['standby', true],
] as const)('a daemon that is %s is ready: %s', (phase, isReady) => {
  const status = new DaemonStatus();
  status.enter(phase);
  expect([status.phase, status.isReady()]).toEqual([phase, isReady]);
});

test('streaming with nothing to do is ready, however long', () => {
  const status = new DaemonStatus();
  status.streaming(() => 0);
  expect([0, 3_600_000].map((nowMs) => status.isReady(nowMs))).toEqual([true, true]);
});

test('work that settles nothing for half a minute is stuck', () => {
  const status = new DaemonStatus();
  status.streaming(() => 1);
  expect([0, 29_999, 30_000, 60_000].map((nowMs) => status.isReady(nowMs))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  status.advanced();
  expect(status.isReady(60_001)).toBe(true);
});

test('work that was done in between does not count against what came later', () => {
  const status = new DaemonStatus();
  let inFlight = 1;
  status.streaming(() => inFlight);
  status.isReady(0);
  inFlight = 0;
  status.isReady(20_000);
  inFlight = 1;
  expect(status.isReady(40_000)).toBe(true);
});

test('a new session starts with a clean record', () => {
  const status = new DaemonStatus();
  status.streaming(() => 1);
  status.isReady(0);
  status.enter('reconnecting');
  status.streaming(() => 1);
  expect(status.isReady(31_000)).toBe(true);
});
