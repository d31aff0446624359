import { describe, expect, test } from 'vitest';
import { RetryableError } from '../../../../src/domain/errors.ts';
import type { Query } from '../../../../src/domain/query.ts';
import { VisibilityGate } from '../../../../src/pipeline/ready/visibility-gate.ts';

const TIMELINE = 17;
const never = new AbortController().signal;

/** Answers probes with what the server says now. */
class Server {
  snapshot = '';
  timeline: string | null = '00000011';
  isAway = false;
  probes = 0;

  readonly query: Query = async <Row extends object>() => {
    this.probes++;
    if (this.isAway) throw new RetryableError('away');
    return [{ snapshot: this.snapshot, timeline: this.timeline }] as unknown as readonly Row[];
  };
}

test('one probe tells which transactions of a batch are not visible yet', async () => {
  const server = new Server();
  const gate = new VisibilityGate(server.query, TIMELINE);
  server.snapshot = '10:20:10,12';
  expect(await gate.invisible(new Set([9, 11]))).toEqual(new Set());
  expect(await gate.invisible(new Set([9, 10, 11, 12, 25]))).toEqual(new Set([10, 12, 25]));
  expect(server.probes).toBe(2);
});

test('a batch that waits goes on after each transaction that becomes visible, and hears which are left', async () => {
  const server = new Server();
  const gate = new VisibilityGate(server.query, TIMELINE);
  server.snapshot = '10:20:10,11';
  let left: ReadonlySet<number> = new Set([10, 11]);
  const first = gate.untilFewer(left, never);
  server.snapshot = '10:20:10';
  left = await first;
  expect(left).toEqual(new Set([10]));
  const second = gate.untilFewer(left, never);
  server.snapshot = '20:20:';
  expect(await second).toEqual(new Set());
});

test('those that wait share one probe, and none waits for the other', async () => {
  const server = new Server();
  const gate = new VisibilityGate(server.query, TIMELINE);
  server.snapshot = '10:20:10,11';
  const done: string[] = [];
  const first = gate.untilFewer(new Set([10]), never).then(() => done.push('first'));
  const second = gate.untilFewer(new Set([11]), never).then(() => done.push('second'));
  expect(gate.waiting).toBe(2);
  server.snapshot = '10:20:10';
  await second;
  expect([done, gate.waiting]).toEqual([['second'], 1]);
  server.snapshot = '20:20:';
  await first;
  expect(gate.waiting).toBe(0);
});

test('a batch that waits hears of each that becomes visible, not only of the last', async () => {
  const server = new Server();
  const gate = new VisibilityGate(server.query, TIMELINE);
  server.snapshot = '10:20:10,12';
  const left = await gate.untilFewer(new Set([10, 11, 12]), never);
  expect(left).toEqual(new Set([10, 12]));
  server.snapshot = '12:20:12';
  expect(await gate.untilFewer(left, never)).toEqual(new Set([12]));
});

test('after everybody went on, a later one is waited for again', async () => {
  const server = new Server();
  const gate = new VisibilityGate(server.query, TIMELINE);
  server.snapshot = '20:20:';
  await gate.untilFewer(new Set([10]), never);
  await gate.untilFewer(new Set([11]), never);
  expect(gate.waiting).toBe(0);
});

describe('nothing is visible by mistake:', () => {
  test.each<[string, string | null]>([
    ['a standby, whose snapshot knows nothing of running transactions', null],
    ['a promoted server, whose transactions are others', '00000012'],
    ['one that reads the timeline as decimal', '00000017'],
  ])('%s', async (_what, timeline) => {
    const server = new Server();
    const gate = new VisibilityGate(server.query, TIMELINE);
    Object.assign(server, { snapshot: '20:20:', timeline });
    await expect(gate.invisible(new Set([10]))).rejects.toThrow(RetryableError);
    await expect(gate.untilFewer(new Set([10]), never)).rejects.toThrow(RetryableError);
  });

  test('a server that is away fails everybody who waits', async () => {
    const server = new Server();
    const gate = new VisibilityGate(server.query, TIMELINE);
    server.isAway = true;
    const waiting = [10, 11].map((xid) => gate.untilFewer(new Set([xid]), never));
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(gate.waiting).toBe(0);
  });

  test('the end of the session ends the wait', async () => {
    const server = new Server();
    server.snapshot = '10:20:10';
    const over = new AbortController();
    const waiting = new VisibilityGate(server.query, TIMELINE).untilFewer(new Set([10]), over.signal);
    over.abort();
    await expect(waiting).rejects.toThrow();
  });
});
