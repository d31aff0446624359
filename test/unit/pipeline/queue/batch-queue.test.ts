import { describe, expect, test } from 'vitest';
import { isEmpty } from '../../../../src/domain/batch.ts';
import type { CacheKey, Effect, Origin } from '../../../../src/domain/effect.ts';
import { toLsn } from '../../../../src/domain/lsn.ts';
import type { Commits } from '../../../../src/domain/transaction.ts';
import type { Version } from '../../../../src/domain/version.ts';
import { BatchQueue } from '../../../../src/pipeline/queue/batch-queue.ts';

const product: Origin = { rule: 'product', template: 'product:${id}', pattern: 'product:*' };
const list: Origin = { rule: 'list', template: 'list:${id}', pattern: 'list:*' };

function remove(key: string, origin = product): Effect {
  return { kind: 'delete', key: key as CacheKey, origin };
}

function stale(key: string, origin = product): Effect {
  return { kind: 'stale', key: key as CacheKey, serveMs: 500, origin };
}

/** To be done once more. */
function legacy(effect: Effect, fillGraceMs = 2_000): Effect {
  return { ...effect, fillGraceMs } as Effect;
}

function begin(queue: BatchQueue, id: number): void {
  queue.begin({ xid: id, commitLsn: toLsn(BigInt(id)), commitTimeMs: id });
}

function purgeOf(origin: Origin): Extract<Effect, { kind: 'purge' }> {
  return { kind: 'purge', of: 'keys', pattern: origin.pattern, origin };
}

function version(ordinal: number): Version {
  return { epoch: 1, commitLsn: 1n, ordinal };
}

function write(key: string, value: string, at: number): Effect {
  const content = { op: 'set', value, expiry: { ttlMs: 1_000, jitter: 0 } } as const;
  return { kind: 'write', key: key as CacheKey, write: content, version: version(at), origin: product };
}

function refresh(key: string, at: number): Effect {
  const query = { source: 'SELECT 1', texts: ['SELECT 1'], parameters: [], columns: [] };
  const action = { query, as: 'string', always: true, expiry: { ttlMs: 1_000, jitter: 0 } } as const;
  return { kind: 'refresh', key: key as CacheKey, action, values: [], version: version(at), origin: product };
}

/** As it stands in the batch of `transaction`, caused by one of that number. */
function causedBy(id: number, purge: Effect): Effect {
  return { ...purge, cause: toLsn(BigInt(id)) } as Effect;
}

function interject(queue: BatchQueue): void {
  void queue.interject([purgeOf(product)]);
}

/** The commits for which the purges of a batch stand. */
async function causesOf(fill: (queue: BatchQueue) => void): Promise<readonly unknown[]> {
  const queue = newQueue();
  fill(queue);
  return [...((await queue.next())?.purges.values() ?? [])].map(({ cause }) => cause);
}

/** The purges that are left of these. */
async function keptOf(...purges: readonly Effect[]): Promise<readonly unknown[]> {
  const queue = newQueue();
  transaction(queue, 1, ...purges);
  return [...((await queue.next())?.purges.values() ?? [])];
}

function messageOf(origin: Origin, key: string, name = 'changes'): Effect {
  const to = { kind: 'publish', to: 'channel', name } as const;
  return { kind: 'publish', subject: { key: key as CacheKey }, to, origin };
}

/** One transaction; its xid and its commit position are the same number. */
function transaction(queue: BatchQueue, id: number, ...effects: readonly Effect[]): void {
  begin(queue, id);
  for (const effect of effects) queue.add(effect);
  queue.commit(toLsn(BigInt(id)));
}

function commitsOf(...ids: readonly number[]): Commits {
  return new Map(ids.map((id) => [id, toLsn(BigInt(id))]));
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
  expect(batch).toMatchObject({ position: 3n, commits: commitsOf(1, 2), oldestCommitMs: 1 });
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
  begin(queue, 2);
  queue.add(remove('product:2'));
  queue.keepalive(toLsn(99n));
  expect(await queue.next()).toMatchObject({ position: 1n, commits: commitsOf(1, 2) });
  queue.add(remove('product:3'));
  queue.commit(toLsn(100n));
  const rest = await queue.next();
  expect([...(rest?.keys.keys() ?? [])]).toEqual(['product:3']);
  expect(rest).toMatchObject({ position: 100n, commits: commitsOf(2) });
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
    purgeOf(product),
    purgeOf(product),
    remove('product:2'),
  );
  const batch = await queue.next();
  expect([...(batch?.keys.keys() ?? [])]).toEqual(['list:1']);
  expect([...(batch?.purges.values() ?? [])]).toEqual([causedBy(1, purgeOf(product))]);
});

describe('a purge that may be resumed', () => {
  test('stands for the last commit that asked for it', async () => {
    for (const ids of [[1], [1, 2, 7]]) {
      expect(
        await causesOf((queue) => ids.forEach((id) => transaction(queue, id, purgeOf(product)))),
      ).toEqual([toLsn(BigInt(ids.at(-1) ?? 0))]);
    }
  });

  test('stands for none where somebody ordered it as well, before or after', async () => {
    expect(await causesOf(interject)).toEqual([undefined]);
    const before = causesOf((queue) => {
      interject(queue);
      transaction(queue, 1, purgeOf(product));
      transaction(queue, 2, purgeOf(product));
    });
    expect(await before).toEqual([undefined]);
    const after = causesOf((queue) => {
      transaction(queue, 1, purgeOf(product));
      interject(queue);
      transaction(queue, 2, purgeOf(product));
    });
    expect(await after).toEqual([undefined]);
  });

  test('does not take the place of deletes of later transactions: those are done even if it goes on behind them', async () => {
    const queue = newQueue();
    transaction(queue, 1, remove('product:1'), purgeOf(product), remove('product:2'));
    transaction(queue, 2, remove('product:2'), remove('product:3'));
    const batch = await queue.next();
    expect([...(batch?.keys.keys() ?? [])]).toEqual(['product:2', 'product:3']);
    expect([...(batch?.purges.values() ?? [])]).toEqual([causedBy(1, purgeOf(product))]);
  });
});

describe('what is written', () => {
  test('is the last of several values, at the version of the last', async () => {
    const queue = newQueue();
    transaction(queue, 1, write('product:1', 'old', 1), write('product:2', 'other', 1));
    transaction(queue, 2, write('product:1', 'new', 2));
    const batch = await queue.next();
    expect([...(batch?.keys.values() ?? [])]).toEqual([
      write('product:1', 'new', 2),
      write('product:2', 'other', 1),
    ]);
    expect(batch?.isOrdered).toBe(true);
  });

  test('gives way to a delete by another rule, which leaves its fence', async () => {
    const queue = newQueue();
    transaction(queue, 1, remove('product:1', list), write('product:1', 'value', 1));
    const batch = await queue.next();
    expect([...(batch?.keys.values() ?? [])]).toEqual([
      { ...remove('product:1', list), version: version(1) },
    ]);
    expect(batch?.isOrdered).toBe(true);
  });

  test('before a purge leaves its fence, after it is written', async () => {
    const queue = newQueue();
    transaction(
      queue,
      1,
      write('product:1', 'before', 1),
      write('product:2', 'before', 2),
      { ...purgeOf(product), version: version(3) },
      write('product:2', 'after', 4),
    );
    const batch = await queue.next();
    expect([...(batch?.keys.values() ?? [])]).toEqual([
      { ...write('product:1', '', 1), write: { op: 'remove' } },
      expect.objectContaining({ key: 'product:2', write: expect.objectContaining({ value: 'after' }) }),
    ]);
  });

  test.each<[string, Effect]>([
    ['written', write('product:1', 'value', 1)],
    ['read again, as it may find a row that has come back under another key', refresh('product:1', 1)],
  ])('gives way to a later purge by another rule, also where it is %s', async (_what, effect) => {
    const queue = newQueue();
    transaction(queue, 1, effect, { ...purgeOf(product), origin: { ...product, rule: 'other' } });
    const fence = { ...write('product:1', '', 1), write: { op: 'remove' } };
    expect([...((await queue.next())?.keys.values() ?? [])]).toEqual([fence]);
  });

  test('counts with its size, and gives it back when a purge covers it', async () => {
    const queue = newQueue();
    begin(queue, 1);
    queue.add(write('product:1', 'x'.repeat(10_000), 1));
    const full = queue.outstandingBytes;
    expect(full).toBeGreaterThan(10_000);
    queue.add({ ...purgeOf(product), version: version(2) });
    expect(queue.outstandingBytes).toBeLessThan(full - 9_000);
  });
});

test('of two purges of one pattern the one that spares less stays', async () => {
  const fenced = (at: number): Effect => ({ ...purgeOf(product), version: version(at) });
  expect(await keptOf(fenced(1), fenced(2))).toEqual([causedBy(1, fenced(2))]);
  expect(await keptOf(fenced(1), purgeOf(product))).toEqual([causedBy(1, purgeOf(product))]);
  expect(await keptOf(purgeOf(product), fenced(1))).toEqual([causedBy(1, purgeOf(product))]);
});

describe('what is marked stale', () => {
  test('needs no order, for marking again does no harm', async () => {
    const queue = newQueue();
    transaction(queue, 1, stale('product:1'), stale('product:1'));
    expect(await queue.next()).toMatchObject({
      isOrdered: false,
      keys: new Map([['product:1', stale('product:1')]]),
    });
  });

  test('is removed by a purge of its template, before and after it', async () => {
    const queue = newQueue();
    transaction(queue, 1, stale('product:1'), stale('list:1', list), purgeOf(product), stale('product:2'));
    expect([...((await queue.next())?.keys.keys() ?? [])]).toEqual(['list:1']);
  });

  test('leaves the fence of a write that gives way to it', async () => {
    const queue = newQueue();
    transaction(queue, 1, write('product:1', 'value', 1), stale('product:1', list));
    expect([...((await queue.next())?.keys.values() ?? [])]).toEqual([
      { ...stale('product:1', list), serveMs: 0, version: version(1) },
    ]);
  });
});

describe('what is to be deleted once more', () => {
  test('is not covered by a purge of another rule that is not done once more, nor so late', async () => {
    const other = { ...purgeOf(product), origin: { ...product, rule: 'other' } };
    for (const purge of [other, legacy(other, 500)]) {
      const queue = newQueue();
      transaction(queue, 1, purge, legacy(remove('product:1')), remove('product:2'));
      expect([...((await queue.next())?.keys.values() ?? [])]).toEqual([legacy(remove('product:1'))]);
    }
    const queue = newQueue();
    transaction(queue, 1, legacy(other), legacy(remove('product:1')));
    expect((await queue.next())?.keys.size).toBe(0);
  });

  test('is once more after the longer grace of two purges', async () => {
    const expected = [causedBy(1, legacy(purgeOf(product)))];
    expect(await keptOf(purgeOf(product), legacy(purgeOf(product)))).toEqual(expected);
    expect(await keptOf(legacy(purgeOf(product)), purgeOf(product))).toEqual(expected);
    expect(await keptOf(legacy(purgeOf(product), 500), legacy(purgeOf(product)))).toEqual(expected);
  });
});

test('tags are purged beside the keys of the same pattern, for neither does what the other does', async () => {
  const queue = newQueue();
  const tags: Effect = { ...purgeOf(list), of: 'tags', pattern: 'product:*' };
  transaction(queue, 1, purgeOf(product), tags);
  expect([...((await queue.next())?.purges.values() ?? [])]).toEqual(
    [purgeOf(product), tags].map((purge) => causedBy(1, purge)),
  );
});

test('a message is sent once for a rule, destination and subject', async () => {
  const queue = newQueue();
  const different = [
    messageOf(product, 'product:1'),
    messageOf(list, 'product:1'),
    messageOf(product, 'product:2'),
    messageOf(product, 'product:1', 'others'),
  ];
  transaction(queue, 1, ...different, ...different);
  const batch = await queue.next();
  expect([...(batch?.messages.values() ?? [])]).toEqual(different);
  expect(batch?.isOrdered).toBe(true);
});

test('a mass change that purges with every row takes no longer for the keys of others', () => {
  const queue = newQueue({ maxKeys: 1_000_000, maxBytes: 10_000_000_000 });
  begin(queue, 1);
  for (let id = 0; id < 20_000; id++) queue.add(remove(`list:${id}`, list));
  const startedMs = performance.now();
  for (let row = 0; row < 20_000; row++) queue.add({ ...purgeOf(product), version: version(row) });
  // Looking at each key with each row would be 400,000,000 looks.
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

test('a large transaction is handed on in parts, of which only the last moves the position', async () => {
  const queue = newQueue({ maxKeys: 2 });
  transaction(queue, 1, ...['a', 'b', 'c', 'd', 'e'].map((key) => remove(key)));
  const batches = [await queue.next(), await queue.next(), await queue.next()];
  expect(batches.map((batch) => [...(batch?.keys.keys() ?? [])])).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  expect(batches.map((batch) => batch?.position)).toEqual([undefined, undefined, 1n]);
  for (const batch of batches) expect(batch?.commits).toEqual(commitsOf(1));
});

test('a queue that is full says so, and says when half of its memory is free again', async () => {
  const queue = newQueue({ maxBytes: 4_000 });
  begin(queue, 1);
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
