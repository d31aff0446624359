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
  expect([status.phase, status.isReady]).toEqual([phase, isReady]);
});

test('work that settles nothing for half a minute is stuck, and ready again once it goes on', () => {
  const status = new DaemonStatus();
  let stalledMs = 0;
  status.streaming(() => stalledMs);
  const answers = [0, 29_999, 30_000, 60_000, 1].map((ms) => {
    stalledMs = ms;
    return status.isReady;
  });
  expect(answers).toEqual([true, true, false, false, true]);
});

test('a new session starts with a clean record', () => {
  const status = new DaemonStatus();
  status.streaming(() => 60_000);
  status.enter('reconnecting');
  status.streaming(() => 0);
  expect(status.isReady).toBe(true);
});

test('rules that are refused are told on a second line, and leave readiness as it is', () => {
  const status = new DaemonStatus();
  status.streaming(() => 0);
  expect(status.text).toBe('streaming\n');
  status.rulesRefused('PUBLICATION_LACKS_TABLE publication freshet');
  expect(status.text).toBe('streaming\nrules: refused: PUBLICATION_LACKS_TABLE publication freshet\n');
  expect(status.isReady).toBe(true);
  status.rulesRefused(undefined);
  expect(status.text).toBe('streaming\n');
});
