import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Batch } from '../../../src/domain/batch.ts';
import { LeadershipLostError } from '../../../src/domain/errors.ts';
import { toLsn } from '../../../src/domain/lsn.ts';
import { begin, type Call, commit, commitWrites, quiet, startWorker } from './worker-harness.ts';

test('a visible batch is probed, then applied once, then settled', async () => {
  const { events, queue } = startWorker();
  commit(queue, 1, 'a', 'b');
  await quiet();
  expect(events).toEqual(['probe', 'apply a,b', 'settled 1']);
});

test('nothing settles before Redis has answered', async () => {
  const { applier, settled, queue, worker } = startWorker();
  applier.outage = Promise.withResolvers();
  commit(queue, 1, 'a');
  await quiet();
  expect([settled, worker.inFlight]).toEqual([[], 1]);
  expect(queue.outstandingBytes).toBeGreaterThan(0);
  applier.outage.resolve();
  await quiet();
  expect([settled, worker.inFlight, queue.outstandingBytes]).toEqual([[1n], 0, 0]);
});

test('a failed batch is repeated whole until Redis takes it', async () => {
  const { events, applier, queue, settled } = startWorker();
  applier.failures = 2;
  commit(queue, 1, 'a', 'b');
  await vi.waitUntil(() => settled.length > 0);
  expect(events).toEqual([
    'probe',
    'apply a,b',
    'redis failed',
    'apply a,b',
    'redis failed',
    'apply a,b',
    'settled 1',
  ]);
});

test('a batch that is not visible is removed early, and applied when it is; only that settles it', async () => {
  const { primary, applier, queue, settled } = startWorker();
  primary.running.add(1);
  commit(queue, 1, 'a');
  await vi.waitUntil(() => applier.calls.length === 1);
  await quiet();
  expect(settled).toEqual([]);
  primary.running.clear();
  await vi.waitUntil(() => settled.length > 0);
  expect(settled).toEqual([1n]);
  expect(applier.calls.map(({ how, keys, invisible }) => [how, keys, invisible.has(1)])).toEqual([
    ['remove', ['a'], true],
    ['apply', ['a'], false],
  ]);
});

test('a batch of several transactions is removed again after each that becomes visible', async () => {
  const { primary, applier, queue, settled } = startWorker();
  for (const xid of [1, 2]) primary.running.add(xid);
  applier.outage = Promise.withResolvers();
  commit(queue, 10, 'first');
  await quiet();
  // Both arrive while the first batch is in flight, and so are one.
  commit(queue, 1, 'a');
  commit(queue, 2, 'b');
  applier.outage.resolve();
  await vi.waitUntil(() => applier.calls.length === 2);
  primary.running.delete(2);
  await vi.waitUntil(() => applier.calls.length === 3);
  expect(settled).toEqual([10n]);
  primary.running.delete(1);
  await vi.waitUntil(() => applier.calls.length === 4);
  expect(applier.calls.slice(1).map(({ how, keys }) => [how, keys])).toEqual([
    ['remove', ['a', 'b']],
    ['remove', ['a', 'b']],
    ['apply', ['a', 'b']],
  ]);
});

test('a batch that waits holds back the acknowledgement of later ones, but not their keys', async () => {
  const { primary, applier, queue, settled, worker } = startWorker();
  primary.running.add(1);
  commit(queue, 1, 'a');
  await vi.waitUntil(() => applier.calls.length === 1);
  commit(queue, 2, 'b');
  await vi.waitUntil(() => applier.calls.length === 2);
  await quiet();
  expect(applier.calls[1]).toMatchObject({ how: 'apply', keys: ['b'] });
  expect(settled.every((position) => position < 1n)).toBe(true);
  expect([worker.inFlight, worker.oldestCommitMs]).toEqual([1, 1]);
  primary.running.clear();
  await vi.waitUntil(() => settled.at(-1) === 2n);
  expect([worker.inFlight, worker.oldestCommitMs]).toEqual([0, undefined]);
});

test('a batch is applied as the oldest only when everything before it is', async () => {
  const { primary, applier, queue, settled } = startWorker();
  commit(queue, 1, 'a');
  await quiet();
  primary.running.add(2);
  commit(queue, 2, 'b');
  await vi.waitUntil(() => applier.calls.length === 2);
  commit(queue, 3, 'c');
  await vi.waitUntil(() => applier.calls.length === 3);
  primary.running.clear();
  await vi.waitUntil(() => settled.at(-1) === 3n);
  expect(applier.oldest).toEqual(['a', 'b']);
});

test('it tells for how long nothing was settled, which idling does not add to', async () => {
  const { applier, queue, settled, worker } = startWorker();
  let nowMs = 1_000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  try {
    expect(worker.stalledMs).toBe(0);
    applier.outage = Promise.withResolvers();
    commit(queue, 1, 'a');
    await quiet();
    nowMs += 20_000;
    expect(worker.stalledMs).toBe(20_000);
    applier.outage.resolve();
    await quiet();
    expect([settled, worker.stalledMs]).toEqual([[1n], 0]);

    // What was done in between does not count against what comes later.
    nowMs += 60_000;
    applier.outage = Promise.withResolvers();
    commit(queue, 2, 'b');
    await quiet();
    nowMs += 5_000;
    expect(worker.stalledMs).toBe(5_000);
    applier.outage.resolve();
  } finally {
    clock.mockRestore();
  }
});

test('what comes after a batch that waits is no progress', async () => {
  const { primary, applier, queue, worker } = startWorker();
  let nowMs = 1_000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  try {
    primary.running.add(1);
    commit(queue, 1, 'a');
    await vi.waitUntil(() => applier.calls.length === 1);
    for (const id of [2, 3]) {
      nowMs += 20_000;
      commit(queue, id, 'b');
      await vi.waitUntil(() => applier.calls.length === id);
      queue.keepalive(toLsn(BigInt(id)));
      await quiet();
    }
    expect(worker.stalledMs).toBe(40_000);
    primary.running.clear();
    await vi.waitUntil(() => worker.inFlight === 0);
    expect(worker.stalledMs).toBe(0);
  } finally {
    clock.mockRestore();
  }
});

test('what was applied is noted for second deletes; while there is no room for more, no batch begins', async () => {
  const noted: string[] = [];
  let room: PromiseWithResolvers<void> | undefined;
  const secondDeletes = {
    get room() {
      return room?.promise;
    },
    add: ({ keys }: Pick<Batch, 'keys'>) => void noted.push(...keys.keys()),
  };
  const { applier, queue, settled } = startWorker({ secondDeletes });
  commit(queue, 1, 'a');
  await quiet();
  expect(noted).toEqual(['a']);
  room = Promise.withResolvers();
  commit(queue, 2, 'b');
  await quiet();
  expect([noted, applier.calls.length, settled]).toEqual([['a'], 1, [1n]]);
  room.resolve();
  await quiet();
  expect([noted, settled]).toEqual([
    ['a', 'b'],
    [1n, 2n],
  ]);
});

test('the parts of a large transaction settle with its commit', async () => {
  const { applier, queue, settled } = startWorker();
  begin(queue, 1);
  commit(queue, 1, 'a', 'b', 'c', 'd');
  await quiet();
  expect(applier.calls.map(({ keys }) => keys.length)).toEqual([3, 1]);
  expect(settled).toEqual([0n, 1n]);
});

test('a batch without effects asks nobody', async () => {
  const { events, queue } = startWorker();
  queue.keepalive(toLsn(5n));
  await quiet();
  expect(events).toEqual(['settled 5']);
});

test('it ends when the queue is closed and everything in it is done, late batches too', async () => {
  const { primary, applier, queue, settled, ended } = startWorker();
  primary.running.add(1);
  commit(queue, 1, 'a');
  await vi.waitUntil(() => applier.calls.length === 1);
  commit(queue, 2, 'b');
  queue.close();
  const early = await Promise.race([ended, quiet().then(() => 'still waiting')]);
  expect(early).toBe('still waiting');
  primary.running.clear();
  await ended;
  expect(settled.at(-1)).toBe(2n);
});

test('a primary that cannot be asked ends it, and settles nothing', async () => {
  const { primary, queue, settled, ended } = startWorker();
  primary.isAway = true;
  commit(queue, 1, 'a');
  await expect(ended).rejects.toThrow('Postgres is away');
  expect(settled).toEqual([]);
});

test('also while only late batches wait for it', async () => {
  const { primary, applier, queue, settled, ended } = startWorker();
  primary.running.add(1);
  commit(queue, 1, 'a');
  await vi.waitUntil(() => applier.calls.length === 1);
  primary.isAway = true;
  await expect(ended).rejects.toThrow('Postgres is away');
  expect(settled).toEqual([]);
});

test('no longer the leader, it ends at once, also while others wait for the batch that found out', async () => {
  const { primary, events, applier, queue, settled, ended } = startWorker();
  applier.isLeader = false;
  for (const xid of [1, 2]) primary.running.add(xid);
  for (const [index, key] of ['a', 'b', 'c'].entries()) {
    commitWrites(queue, index + 1, key);
    await vi.waitUntil(() => applier.calls.length === index + 1);
  }
  primary.running.delete(1);
  await expect(ended).rejects.toThrow(LeadershipLostError);
  expect(settled).toEqual([]);
  expect(events).not.toContain('redis failed');
});

test('the end of the session ends its attempts', async () => {
  const { events, applier, queue, settled, ended, over } = startWorker();
  applier.failures = Number.POSITIVE_INFINITY;
  commit(queue, 1, 'a');
  await vi.waitUntil(() => events.filter((event) => event === 'redis failed').length > 2);
  over.abort();
  await expect(ended).rejects.toThrow();
  expect(settled).toEqual([]);
});

describe('what is written', () => {
  test('waits for its commit to be visible, and is not touched before', async () => {
    const { primary, applier, queue, settled } = startWorker();
    primary.running.add(1);
    commitWrites(queue, 1, 'a');
    await vi.waitUntil(() => applier.calls.length === 1);
    await quiet();
    expect(applier.calls[0]?.how).toBe('remove');
    primary.running.clear();
    await vi.waitUntil(() => settled.length > 0);
    expect(applier.calls.map(({ how }) => how)).toEqual(['remove', 'apply']);
  });

  test('does not overtake what is written by an earlier batch that waits', async () => {
    const { primary, applier, queue, settled, worker } = startWorker();
    primary.running.add(1);
    commitWrites(queue, 1, 'a');
    await vi.waitUntil(() => applier.calls.length === 1);
    commitWrites(queue, 2, 'a');
    await vi.waitUntil(() => applier.calls.length === 2);
    await quiet();
    expect(applied(applier.calls)).toEqual([]);
    expect(worker.inFlight).toBe(2);
    primary.running.clear();
    await vi.waitUntil(() => settled.at(-1) === 2n);
    expect(applied(applier.calls)).toEqual([['a'], ['a']]);
    expect(settled).toEqual([1n, 2n]);
  });

  test('is overtaken by a delete, which comes again in its turn and settles only then', async () => {
    const { primary, applier, queue, settled } = startWorker();
    primary.running.add(1);
    commitWrites(queue, 1, 'a', 'b');
    await vi.waitUntil(() => applier.calls.length === 1);
    commit(queue, 2, 'a');
    await vi.waitUntil(() => applier.calls.length === 2);
    await quiet();
    expect(applier.calls[1]).toMatchObject({ how: 'remove', keys: ['a'] });
    expect(settled).toEqual([]);
    primary.running.clear();
    await vi.waitUntil(() => settled.at(-1) === 2n);
    expect(applied(applier.calls)).toEqual([['a', 'b'], ['a']]);
  });

  test('waits for earlier deletes too: one that came again later would take it away', async () => {
    const { primary, applier, queue, settled } = startWorker();
    primary.running.add(1);
    commit(queue, 1, 'a');
    await vi.waitUntil(() => applier.calls.length === 1);
    commitWrites(queue, 2, 'a');
    commit(queue, 3, 'b');
    await vi.waitUntil(() => applier.calls.length === 2);
    await quiet();
    expect(applied(applier.calls)).toEqual([]);
    primary.running.clear();
    await vi.waitUntil(() => settled.at(-1) === 3n);
    expect(applied(applier.calls)).toEqual([['a'], ['a', 'b']]);
  });

  test('holds nothing back once it is done', async () => {
    const { primary, events, queue, settled } = startWorker();
    primary.running.add(1);
    commitWrites(queue, 1, 'a');
    await vi.waitUntil(() => events.includes('remove a'));
    primary.running.clear();
    await vi.waitUntil(() => settled.at(-1) === 1n);
    events.length = 0;
    commitWrites(queue, 2, 'b');
    await vi.waitUntil(() => settled.at(-1) === 2n);
    expect(events).toEqual(['probe', 'apply b', 'settled 2']);
  });
});

/** The keys of the batches that were applied in full, in order. */
function applied(calls: readonly Call[]): readonly (readonly string[])[] {
  return calls.filter(({ how }) => how === 'apply').map(({ keys }) => keys);
}

test('whatever is slow or fails, what is settled was applied after it was visible, and writes in their order', async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('commit', 'commit unseen'),
        writes: fc.boolean(),
        keys: fc.nat({ max: 4 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom('see', 'fail', 'rest'), which: fc.nat({ max: 9 }) }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const { primary, applier, queue, settled, ended } = startWorker();
      const keysOf = new Map<number, readonly string[]>();
      const writers = new Set<number>();
      let checked = 0;
      const checkSettled = (): void => {
        for (const position of settled.slice(checked)) {
          for (const [xid, keys] of keysOf) {
            if (BigInt(xid) > position) continue;
            const counts = applier.calls.filter(
              ({ how, invisible }) => how === 'apply' && !invisible.has(xid),
            );
            for (const key of keys) expect(counts.some((each) => each.keys.includes(key))).toBe(true);
          }
        }
        checked = settled.length;
      };
      for (const [index, each] of steps.entries()) {
        const id = index + 1;
        if ('keys' in each) {
          if (each.kind === 'commit unseen') primary.running.add(id);
          // Each key once, so that no other transaction can have deleted it in its stead.
          keysOf.set(
            id,
            Array.from({ length: each.keys }, (_, key) => `${id}:${key}`),
          );
          if (each.writes) writers.add(id);
          (each.writes ? commitWrites : commit)(queue, id, ...(keysOf.get(id) ?? []));
        } else if (each.kind === 'see') {
          primary.running.delete([...primary.running][each.which] ?? 0);
        } else if (each.kind === 'fail') {
          applier.failures++;
        } else await quiet();
        checkSettled();
      }
      await quiet();
      checkSettled();
      primary.running.clear();
      queue.close();
      await ended;
      checkSettled();
      expect(settled.at(-1) ?? 0n).toBe(BigInt(Math.max(0, ...keysOf.keys())));
      expectOrder(applied(applier.calls), writers);
      expect(queue.outstandingBytes).toBe(0);
    }),
    { numRuns: 60 },
  );
});

/** Of two transactions of which one writes, the earlier is never applied after the later. */
function expectOrder(batches: readonly (readonly string[])[], writers: ReadonlySet<number>): void {
  for (const [index, keys] of batches.entries()) {
    const before = idsOf(batches.slice(0, index).flat());
    for (const id of idsOf(keys)) {
      expect(before.filter((other) => other > id && (writers.has(id) || writers.has(other)))).toEqual([]);
    }
  }
}

function idsOf(keys: readonly string[]): readonly number[] {
  return keys.map((key) => Number.parseInt(key, 10));
}
