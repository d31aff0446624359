import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { toLsn } from '../../../src/domain/lsn.ts';
import { commit, quiet, startWorker } from './worker-harness.ts';

test('a visible batch is probed, then applied once, then settled', async () => {
  const { events, queue } = startWorker();
  commit(queue, 1, 'a', 'b');
  await quiet();
  expect(events).toEqual(['probe', 'apply a,b', 'settled 1']);
});

test('nothing settles before Redis has answered', async () => {
  const { remover, settled, queue, worker } = startWorker();
  remover.outage = Promise.withResolvers();
  commit(queue, 1, 'a');
  await quiet();
  expect([settled, worker.inFlight]).toEqual([[], 1]);
  expect(queue.outstandingBytes).toBeGreaterThan(0);
  remover.outage.resolve();
  await quiet();
  expect([settled, worker.inFlight, queue.outstandingBytes]).toEqual([[1n], 0, 0]);
});

test('a failed batch is repeated whole until Redis takes it', async () => {
  const { events, remover, queue, settled } = startWorker();
  remover.failures = 2;
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

test('a batch that is not visible is applied early, and again when it is; only that settles it', async () => {
  const { primary, remover, queue, settled } = startWorker();
  primary.running.add(1);
  commit(queue, 1, 'a');
  await vi.waitUntil(() => remover.applied.length === 1);
  await quiet();
  expect(settled).toEqual([]);
  primary.running.clear();
  await vi.waitUntil(() => settled.length > 0);
  expect(settled).toEqual([1n]);
  expect(remover.applied.map(({ keys, invisible }) => [keys, invisible.has(1)])).toEqual([
    [['a'], true],
    [['a'], false],
  ]);
});

test('a batch of several transactions is applied again after each that becomes visible', async () => {
  const { primary, remover, queue, settled } = startWorker();
  for (const xid of [1, 2]) primary.running.add(xid);
  remover.outage = Promise.withResolvers();
  commit(queue, 10, 'first');
  await quiet();
  // Both arrive while the first batch is in flight, and so are one.
  commit(queue, 1, 'a');
  commit(queue, 2, 'b');
  remover.outage.resolve();
  await vi.waitUntil(() => remover.applied.length === 2);
  primary.running.delete(2);
  await vi.waitUntil(() => remover.applied.length === 3);
  expect(settled).toEqual([10n]);
  primary.running.delete(1);
  await vi.waitUntil(() => remover.applied.length === 4);
  expect(remover.applied.slice(1).map(({ keys }) => keys)).toEqual([
    ['a', 'b'],
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

test('a batch that waits holds back the acknowledgement of later ones, but not their keys', async () => {
  const { primary, remover, queue, settled, worker } = startWorker();
  primary.running.add(1);
  commit(queue, 1, 'a');
  await vi.waitUntil(() => remover.applied.length === 1);
  commit(queue, 2, 'b');
  await vi.waitUntil(() => remover.applied.length === 2);
  await quiet();
  expect(remover.applied[1]?.keys).toEqual(['b']);
  expect(settled.every((position) => position < 1n)).toBe(true);
  expect([worker.inFlight, worker.oldestCommitMs]).toEqual([1, 1]);
  primary.running.clear();
  await vi.waitUntil(() => settled.at(-1) === 2n);
  expect([worker.inFlight, worker.oldestCommitMs]).toEqual([0, undefined]);
});

test('the parts of a large transaction settle with its commit', async () => {
  const { remover, queue, settled } = startWorker();
  queue.begin({ xid: 1, commitTimeMs: 1 });
  commit(queue, 1, 'a', 'b', 'c', 'd');
  await quiet();
  expect(remover.applied.map(({ keys }) => keys.length)).toEqual([3, 1]);
  expect(settled).toEqual([0n, 1n]);
});

test('a batch without effects asks nobody', async () => {
  const { events, queue } = startWorker();
  queue.keepalive(toLsn(5n));
  await quiet();
  expect(events).toEqual(['settled 5']);
});

test('it ends when the queue is closed and everything in it is done, late batches too', async () => {
  const { primary, remover, queue, settled, ended } = startWorker();
  primary.running.add(1);
  commit(queue, 1, 'a');
  await vi.waitUntil(() => remover.applied.length === 1);
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
  const { primary, remover, queue, settled, ended } = startWorker();
  primary.running.add(1);
  commit(queue, 1, 'a');
  await vi.waitUntil(() => remover.applied.length === 1);
  primary.isAway = true;
  await expect(ended).rejects.toThrow('Postgres is away');
  expect(settled).toEqual([]);
});

test('the end of the session ends its attempts', async () => {
  const { events, remover, queue, settled, ended, over } = startWorker();
  remover.failures = Number.POSITIVE_INFINITY;
  commit(queue, 1, 'a');
  await vi.waitUntil(() => events.filter((event) => event === 'redis failed').length > 2);
  over.abort();
  await expect(ended).rejects.toThrow();
  expect(settled).toEqual([]);
});

test('whatever is slow or fails, what is settled was deleted after it was visible', async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('commit', 'commit unseen'), keys: fc.nat({ max: 4 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom('see', 'fail', 'rest'), which: fc.nat({ max: 9 }) }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const { primary, remover, queue, settled, ended } = startWorker();
      const keysOf = new Map<number, readonly string[]>();
      let checked = 0;
      const checkSettled = (): void => {
        for (const position of settled.slice(checked)) {
          for (const [xid, keys] of keysOf) {
            if (BigInt(xid) > position) continue;
            const counts = remover.applied.filter(({ invisible }) => !invisible.has(xid));
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
          commit(queue, id, ...(keysOf.get(id) ?? []));
        } else if (each.kind === 'see') {
          primary.running.delete([...primary.running][each.which] ?? 0);
        } else if (each.kind === 'fail') {
          remover.failures++;
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
      expect(queue.outstandingBytes).toBe(0);
    }),
    { numRuns: 60 },
  );
});
