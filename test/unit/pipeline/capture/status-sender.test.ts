import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RetryableError } from '../../../../src/domain/errors.ts';
import { type SettledLsn, toLsn } from '../../../../src/domain/lsn.ts';
import { StatusSender } from '../../../../src/pipeline/capture/status-sender.ts';
import { AckTracker } from '../../../../src/pipeline/settle/ack-tracker.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Rising positions, as settle makes them. */
function settledAt(position: number): SettledLsn {
  return new AckTracker().open(toLsn(BigInt(position)))();
}

/** A sender with what it wrote, as its server would read it. */
function start({ walSenderTimeout = '60s' } = {}) {
  const sent: { atMs: number; written: number; flushed: number; reply: boolean }[] = [];
  const silences: Error[] = [];
  const socket = { isReading: true };
  const startedMs = Date.now();
  const sender = new StatusSender({
    write: (message) =>
      sent.push({
        atMs: Date.now() - startedMs,
        written: Number(message.readBigUInt64BE(1)),
        flushed: Number(message.readBigUInt64BE(9)),
        reply: message.readUInt8(33) === 1,
      }),
    walSenderTimeout,
    isReading: () => socket.isReading,
    onSilence: (error) => silences.push(error),
  });
  return { sender, sent, silences, socket };
}

test.each([
  ['1min', 1_000],
  ['5s', 1_000],
  ['2s', 500],
  ['100ms', 25],
  ['0', 1_000],
  ['1d', 1_000],
])('with a wal_sender_timeout of %s a status goes out every %d ms', (walSenderTimeout, intervalMs) => {
  const { sender, sent } = start({ walSenderTimeout });
  vi.advanceTimersByTime(intervalMs * 3);
  expect(sent.map(({ atMs }) => atMs)).toEqual([intervalMs, intervalMs * 2, intervalMs * 3]);
  sender.stop();
});

test('statuses go on while the socket is paused, or a full queue would end the connection', () => {
  const { sender, sent, silences, socket } = start({ walSenderTimeout: '5s' });
  socket.isReading = false;
  vi.advanceTimersByTime(60_000);
  expect(sent).toHaveLength(60);
  expect(silences).toEqual([]);
  sender.stop();
});

test('a confirmation goes out at once, those right behind it as one', () => {
  const { sender, sent } = start();
  vi.advanceTimersByTime(100);
  sender.confirm(settledAt(10));
  expect(sent).toMatchObject([{ atMs: 100, flushed: 10 }]);
  for (const position of [20, 30, 40]) sender.confirm(settledAt(position));
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(10);
  expect(sent.slice(1)).toMatchObject([{ atMs: 110, flushed: 40 }]);
  sender.stop();
});

test('a confirmed position never goes back, and the same one is not sent twice', () => {
  const { sender, sent } = start();
  vi.advanceTimersByTime(500);
  for (const position of [30, 20, 30]) sender.confirm(settledAt(position));
  vi.advanceTimersByTime(500);
  expect(sent).toMatchObject([
    { atMs: 500, flushed: 30 },
    { atMs: 1_000, flushed: 30 },
  ]);
  sender.stop();
});

test('what was received is told as written, and confirms nothing', () => {
  const { sender, sent } = start();
  sender.received(toLsn(50n));
  sender.received(toLsn(40n));
  vi.advanceTimersByTime(1_000);
  expect(sent).toMatchObject([{ written: 50, flushed: 0 }]);
  sender.stop();
});

test('a silent server is asked for a sign of life, and given up after twice its own timeout', () => {
  const { sender, sent, silences } = start({ walSenderTimeout: '4s' });
  vi.advanceTimersByTime(1_000);
  expect(sent.some(({ reply }) => reply)).toBe(false);
  vi.advanceTimersByTime(7_000);
  expect(sent.filter(({ reply }) => reply).length).toBeGreaterThan(3);
  expect(silences).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(silences).toHaveLength(1);
  expect(silences[0]).toBeInstanceOf(RetryableError);
  sender.stop();
});

test('any word from the server starts the silence anew', () => {
  const { sender, silences } = start({ walSenderTimeout: '4s' });
  for (let i = 0; i < 10; i++) {
    vi.advanceTimersByTime(7_000);
    sender.heard();
  }
  expect(silences).toEqual([]);
  sender.stop();
});

test('a process that was suspended does not take its own absence for silence', () => {
  const { sender, silences } = start({ walSenderTimeout: '4s' });
  vi.advanceTimersByTime(1_000);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(1_000);
  expect(silences).toEqual([]);
  sender.stop();
});

test('after the stop nothing is sent, but a confirmation that waited for its turn goes out with it', () => {
  const { sender, sent } = start();
  vi.advanceTimersByTime(500);
  sender.confirm(settledAt(10));
  sender.confirm(settledAt(20));
  expect(sent.at(-1)).toMatchObject({ flushed: 10 });
  sender.stop();
  expect(sent.at(-1)).toMatchObject({ flushed: 20 });
  const { length } = sent;
  vi.advanceTimersByTime(10_000);
  expect(sent).toHaveLength(length);
});
