import { expect, test } from 'vitest';
import { isEmpty } from '../../../../src/domain/batch.ts';
import type { CacheKey, Effect, Origin } from '../../../../src/domain/effect.ts';
import { toLsn } from '../../../../src/domain/lsn.ts';
import { BatchQueue } from '../../../../src/pipeline/queue/batch-queue.ts';

const product: Origin = { rule: 'product', template: 'product:${id}', pattern: 'product:*' };
const list: Origin = { rule: 'list', template: 'list:${id}', pattern: 'list:*' };

function remove(key: string, origin = product): Effect {
  return { kind: 'delete', key: key as CacheKey, origin };
}

/** One transaction; its xid and its commit position are the same number. */
function transaction(queue: BatchQueue, id: number, ...effects: readonly Effect[]): void {
  queue.begin({ xid: id, commitTimeMs: id });
  for (const effect of effects) queue.add(effect);
  queue.commit(toLsn(BigInt(id)));
}

function newQueue({ maxKeys = 100, maxBytes = 1_000_000 } = {}): BatchQueue {
  return new BatchQueue({ maxKeys, maxBytes });
}

test('whatever has arrived is one batch, with the last position and every transaction', async () => {
  const queue = newQueue();
  transaction(queue, 1, remove('product:1'));
  transaction(queue, 2, remove('product:2'), remove('product:1'));
  transaction(queue, 3);
  const batch = await queue.next();
  expect([...(batch?.keys.keys() ?? [])]).toEqual(['product:1', 'product:2']);
  expect(batch).toMatchObject({ position: 3n, xids: new Set([1, 2]), oldestCommitMs: 1 });
});

test('a consumer that waits gets the first commit at once', async () => {
  const queue = newQueue();
  const next = queue.next();
  transaction(queue, 1, remove('product:1'));
  expect((await next)?.keys.size).toBe(1);
});

test('effects of a transaction that has not ended yet do not move the position past it', async () => {
  const queue = newQueue();
  transaction(queue, 1, remove('product:1'));
  queue.begin({ xid: 2, commitTimeMs: 2 });
  queue.add(remove('product:2'));
  queue.keepalive(toLsn(99n));
  expect(await queue.next()).toMatchObject({ position: 1n, xids: new Set([1, 2]) });
  queue.add(remove('product:3'));
  queue.commit(toLsn(100n));
  const rest = await queue.next();
  expect([...(rest?.keys.keys() ?? [])]).toEqual(['product:3']);
  expect(rest).toMatchObject({ position: 100n, xids: new Set([2]) });
});

test('a keepalive between transactions is an empty batch that moves the position', async () => {
  const queue = newQueue();
  queue.keepalive(toLsn(5n));
  const batch = await queue.next();
  expect(batch !== undefined && isEmpty(batch)).toBe(true);
  expect(batch).toMatchObject({ position: 5n, oldestCommitMs: undefined });
});

test('a purge takes the place of the deletes of its template, before and after it', async () => {
  const queue = newQueue();
  transaction(
    queue,
    1,
    remove('product:1'),
    remove('list:1', list),
    { kind: 'purge', origin: product },
    { kind: 'purge', origin: product },
    remove('product:2'),
  );
  const batch = await queue.next();
  expect([...(batch?.keys.keys() ?? [])]).toEqual(['list:1']);
  expect(batch?.purges).toEqual(new Set([product]));
});

test('a large transaction is handed on in parts, of which only the last moves the position', async () => {
  const queue = newQueue({ maxKeys: 2 });
  transaction(queue, 1, ...['a', 'b', 'c', 'd', 'e'].map((key) => remove(key)));
  const batches = [await queue.next(), await queue.next(), await queue.next()];
  expect(batches.map((batch) => [...(batch?.keys.keys() ?? [])])).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  expect(batches.map((batch) => batch?.position)).toEqual([undefined, undefined, 1n]);
  for (const batch of batches) expect(batch?.xids).toEqual(new Set([1]));
});

test('a queue that is full says so, and says when half of its memory is free again', async () => {
  const queue = newQueue({ maxBytes: 4_000 });
  queue.begin({ xid: 1, commitTimeMs: 1 });
  let added = 0;
  while (queue.room === undefined) queue.add(remove(`product:${added++}`));
  expect(queue.outstandingBytes).toBeGreaterThan(4_000);
  let hasRoom = false;
  const room = queue.room.then(() => (hasRoom = true));
  while (queue.outstandingBytes > 2_000) {
    expect(hasRoom).toBe(false);
    const batch = await queue.next();
    if (batch === undefined) throw new Error('a full queue must have something to hand out');
    queue.release(batch);
  }
  await room;
  expect(queue.room).toBeUndefined();
});

test('a closed queue hands out what is complete, and then nothing', async () => {
  const queue = newQueue({ maxKeys: 2 });
  transaction(queue, 1, remove('a'), remove('b'), remove('c'));
  queue.close();
  transaction(queue, 2, remove('d'));
  const positions = [(await queue.next())?.position, (await queue.next())?.position];
  expect(positions).toEqual([undefined, 1n]);
  expect(await queue.next()).toBeUndefined();
});

test('closing wakes the consumer', async () => {
  const queue = newQueue();
  const next = queue.next();
  queue.close();
  expect(await next).toBeUndefined();
});

test('a queue that failed hands nothing out any more, and wakes the consumer with the first fault', async () => {
  const queue = newQueue();
  const next = queue.next();
  queue.fail(new Error('first'));
  queue.fail(new Error('second'));
  await expect(next).rejects.toThrow('first');
  transaction(queue, 1, remove('a'));
  await expect(queue.next()).rejects.toThrow('first');
});

test('an effect outside a transaction is a fault of the program', () => {
  expect(() => newQueue().add(remove('a'))).toThrow('outside a transaction');
});

test('a hot key fills the queue as well: every transaction that touches it is remembered', () => {
  const queue = newQueue({ maxBytes: 100_000 });
  let xid = 0;
  while (queue.room === undefined && xid < 10_000) transaction(queue, ++xid, remove('product:1'));
  expect(queue.room).toBeDefined();
});
