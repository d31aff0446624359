import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ReadPacer } from '../../../../src/pipeline/capture/read-pacer.ts';

const SHORT_READ = 1_000;
const FULL_READ = 65_536;

/** The pacer reads the clock; its pauses are real, and 2 ms long. */
let nowMs = 1_000_000;
beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => nowMs));
afterEach(() => void vi.restoreAllMocks());

function newPacer() {
  const pauses: Promise<void>[] = [];
  const pacer = new ReadPacer((until) => pauses.push(until));
  const read = (messages: number, tookMs: number, bytes = SHORT_READ): void => {
    for (let i = 0; i < messages; i++) pacer.message();
    nowMs += tookMs;
    pacer.read(bytes);
  };
  return { pauses, read };
}

test('a backlog, 32 messages a millisecond or more, lets the socket fill', () => {
  const { pauses, read } = newPacer();
  read(100, 1);
  expect(pauses).toHaveLength(1);
});

test('ordinary traffic is never paused', () => {
  const { pauses, read } = newPacer();
  for (let i = 0; i < 1_000; i++) read(1, 1);
  read(300, 10);
  expect(pauses).toEqual([]);
});

test('a few messages at once are no backlog: they must not wait', () => {
  const { pauses, read } = newPacer();
  read(63, 0);
  expect(pauses).toEqual([]);
});

test('a full read says that there is more in the socket already', () => {
  const { pauses, read } = newPacer();
  read(1_000, 1, FULL_READ);
  expect(pauses).toEqual([]);
  read(0, 0);
  expect(pauses).toHaveLength(1);
});

test('after a pause the rate is measured anew', async () => {
  const { pauses, read } = newPacer();
  read(100, 1);
  read(100, 1);
  expect(pauses).toHaveLength(1);
  await Promise.all(pauses);
  read(63, 1);
  expect(pauses).toHaveLength(1);
  read(100, 1);
  expect(pauses).toHaveLength(2);
});
