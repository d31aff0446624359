import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Replies } from '../../../src/client/replies.ts';

const LATE = 'Redis has not answered within';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Commands that were sent at once, and what is known of each. */
function send(count: number) {
  const replies = new Replies(100);
  const calls = Array.from({ length: count }, () => Promise.withResolvers<number>());
  const outcomes: string[] = calls.map(() => 'open');
  calls.forEach(({ promise }, call) => {
    replies.inTime(promise).then(
      () => {
        outcomes[call] = 'answered';
      },
      ({ message }: Error) => {
        outcomes[call] = message;
      },
    );
  });
  return { outcomes, reply: (call: number) => calls[call]?.resolve(call), fail: calls[0]?.reject };
}

test('where nothing comes, all end after the timeout', async () => {
  const { outcomes } = send(2);
  await vi.advanceTimersByTimeAsync(99);
  expect(outcomes).toEqual(['open', 'open']);
  await vi.advanceTimersByTimeAsync(2);
  expect(outcomes).toEqual([`${LATE} 100 ms`, `${LATE} 100 ms`]);
});

test('while earlier ones are answered, the last is waited for', async () => {
  const { outcomes, reply } = send(6);
  for (let call = 0; call < 6; call++) {
    await vi.advanceTimersByTimeAsync(80);
    reply(call);
  }
  await vi.advanceTimersByTimeAsync(1);
  expect(outcomes).toEqual(Array.from({ length: 6 }, () => 'answered'));
});

test('an error is an answer', async () => {
  const { outcomes, fail, reply } = send(2);
  await vi.advanceTimersByTimeAsync(80);
  fail?.(new Error('OOM command not allowed'));
  await vi.advanceTimersByTimeAsync(80);
  reply(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(outcomes).toEqual(['OOM command not allowed', 'answered']);
});

test('answers to later ones come from another server: no reason to wait', async () => {
  const { outcomes, reply } = send(3);
  await vi.advanceTimersByTimeAsync(50);
  reply(1);
  reply(2);
  await vi.advanceTimersByTimeAsync(51);
  expect(outcomes).toEqual([`${LATE} 100 ms`, 'answered', 'answered']);
});

test('however steadily they come, ten times the timeout is the end', async () => {
  const { outcomes, reply } = send(30);
  for (let call = 0; call < 20; call++) {
    await vi.advanceTimersByTimeAsync(60);
    reply(call);
  }
  await vi.advanceTimersByTimeAsync(1);
  expect(outcomes.at(-1)).toBe(`${LATE} 1000 ms`);
  await vi.advanceTimersByTimeAsync(1_000);
});
