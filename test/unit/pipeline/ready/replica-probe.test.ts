import { beforeEach, expect, test } from 'vitest';
import { toLsn } from '../../../../src/domain/lsn.ts';
import type { Query } from '../../../../src/domain/query.ts';
import { ReplicaProbe } from '../../../../src/pipeline/ready/replica-probe.ts';

type Answer = { readonly inRecovery: boolean; readonly replayed: string | null } | Error;

let answer: Answer;
let asked: number;
let nowMs: number;
let events: string[];
let over: AbortController;
let replica: ReplicaProbe;

beforeEach(() => {
  [asked, nowMs, events] = [0, 0, []];
  over = new AbortController();
  const query: Query = async <Row extends object>() => {
    asked++;
    if (answer instanceof Error) throw answer;
    return [answer] as unknown as readonly Row[];
  };
  replica = new ReplicaProbe({
    address: 'db2:5432',
    query,
    observer: {
      heldUp: (name, trouble) => events.push(`${name} ${trouble}`),
      caughtUp: (name, heldUpMs) => events.push(`${name} caught up after ${heldUpMs}`),
    },
    signal: over.signal,
    nowMs: () => nowMs,
  });
});

function replayedTo(position: bigint): void {
  answer = { inRecovery: true, replayed: `0/${position.toString(16)}` };
}

/** Asks for a record and lets the answer arrive. @returns whether it is replayed */
async function ask(record: bigint, atMs = nowMs): Promise<boolean> {
  nowMs = atMs;
  replica.ask(toLsn(record));
  await new Promise((resolve) => setImmediate(resolve));
  return replica.hasReplayed(toLsn(record));
}

test('the end of the record before it proves nothing about a record', async () => {
  replayedTo(100n);
  expect(await ask(100n)).toBe(false);
  replayedTo(101n);
  expect(await ask(100n)).toBe(true);
});

test('what it is known to have replayed is not asked again', async () => {
  replayedTo(200n);
  await ask(100n);
  expect(await ask(150n)).toBe(true);
  expect(asked).toBe(1);
});

test('after a restart it counts as far back as it is', async () => {
  replayedTo(200n);
  await ask(100n);
  replayedTo(120n);
  expect(await ask(300n)).toBe(false);
  expect(replica.hasReplayed(toLsn(150n))).toBe(false);
});

test('one that cannot be asked has replayed nothing more, is reported once and asked once a second', async () => {
  answer = new Error('away');
  expect(await ask(100n, 0)).toBe(false);
  for (let ms = 10; ms < 3_000; ms += 10) await ask(100n, ms);
  expect([asked, events]).toEqual([3, ['db2:5432 unreachable']]);
  expect(replica.lagMs).toBe(2_990);

  replayedTo(50n);
  await ask(100n, 4_000);
  expect(events).toHaveLength(1);
  replayedTo(101n);
  await ask(100n, 6_000);
  expect(events.slice(1)).toEqual(['db2:5432 caught up after 6000']);
  expect(replica.lagMs).toBe(0);
});

test('one that was promoted shows nothing, however far it is, and that is said even where it was away before', async () => {
  answer = new Error('restarts');
  await ask(100n, 0);
  answer = { inRecovery: false, replayed: '0/FFFF' };
  expect(await ask(100n, 1_000)).toBe(false);
  expect(await ask(100n, 2_000)).toBe(false);
  expect(events).toEqual(['db2:5432 unreachable', 'db2:5432 promoted']);
});

test('replay that takes seconds is reported once; what takes a moment is not', async () => {
  replayedTo(100n);
  await ask(100n, 0);
  await ask(100n, 5_000);
  expect(events).toEqual([]);
  await ask(100n, 5_001);
  await ask(100n, 60_000);
  expect(events).toEqual(['db2:5432 behind']);
});

test('the lag of one that keeps a steady distance does not grow', async () => {
  for (let second = 0; second < 100; second++) {
    // It has what was asked for three seconds ago.
    replayedTo(BigInt(second - 2 + 1_000));
    await ask(BigInt(second + 1_000), second * 1_000);
    expect(replica.lagMs).toBeLessThanOrEqual(3_000);
  }
  expect(events).toEqual([]);
});

test('the end of the session is no outage', async () => {
  answer = new Error('closed');
  over.abort();
  await ask(100n);
  expect(events).toEqual([]);
});
