import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.ts';
import type { CacheKey, Effect, Origin } from '../../src/domain/effect.ts';
import { toLsn } from '../../src/domain/lsn.ts';
import { BatchQueue } from '../../src/pipeline/queue/batch-queue.ts';
import { BatchApplier } from '../../src/pipeline/redis/batch-applier.ts';
import { connectRedis } from '../../src/pipeline/redis/connect-redis.ts';
import { LeaderToken } from '../../src/pipeline/redis/leader-token.ts';
import { PurgeCursors } from '../../src/pipeline/redis/purge-cursors.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';

/** So many that a cursor is noted twice on the way. */
const KEYS = 120_000;
const SLOT = 'purge_slot';
const CURSORS = `freshet:{${SLOT}}:purge`;

const origin: Origin = { rule: 'item', template: 'item:${id}', pattern: 'item:*' };
const purge: Effect = { kind: 'purge', of: 'keys', pattern: origin.pattern, origin };
const written: Effect = {
  kind: 'write',
  key: 'other:1' as CacheKey,
  write: { op: 'set', value: 'x', expiry: { ttlMs: 60_000, jitter: 0 } },
  version: { epoch: 1, commitLsn: 1n, ordinal: 1 },
  origin: { ...origin, pattern: 'other:*' },
};

let server: LocalRedis;
let redis: Redis;

beforeAll(async () => {
  server = await LocalRedis.create({ settings: { appendonly: 'yes' } });
  redis = connectRedis(server.url);
  redis.on('error', () => {});
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

async function fill(): Promise<void> {
  for (let from = 0; from < KEYS; from += 10_000) {
    const names = Array.from({ length: 10_000 }, (_, at) => `item:${from + at}`);
    await redis.mset(names.flatMap((name) => [name, 'cached']));
  }
}

async function keysLeft(): Promise<number> {
  const own = await redis.keys('freshet:*');
  return (await redis.dbsize()) - own.length - (await redis.exists('other:1'));
}

/** What the queue makes of transactions, each of one purge, by their numbers: 10 ends at 11. */
async function batchOf(...ids: readonly number[]): Promise<Batch> {
  const queue = new BatchQueue({ maxKeys: 1_000, maxBytes: 1_000_000 });
  for (const id of ids) {
    queue.begin({ xid: id, commitLsn: toLsn(BigInt(id)), commitTimeMs: id });
    queue.add(purge);
    queue.commit(toLsn(BigInt(id + 1)));
  }
  return taken(queue);
}

async function ordered(): Promise<Batch> {
  const queue = new BatchQueue({ maxKeys: 1_000, maxBytes: 1_000_000 });
  void queue.interject([purge]);
  queue.keepalive(toLsn(11n));
  return taken(queue);
}

async function taken(queue: BatchQueue): Promise<Batch> {
  const batch = await queue.next();
  if (batch === undefined) throw new Error('the queue gave no batch');
  return batch;
}

/** A session, from its claim of the leadership on. */
class Session {
  readonly #abort = new AbortController();
  found = 0;
  resumed = 0;
  /** It ends when it has found so many keys. */
  limit = Number.POSITIVE_INFINITY;
  readonly applier: BatchApplier;

  constructor(leader: LeaderToken, source: string) {
    const cursors = new PurgeCursors(redis, { slot: SLOT, source, leader, onResume: () => this.resumed++ });
    const observer = {
      began() {},
      found: (keys: number) => {
        this.found += keys;
        if (this.found >= this.limit) this.#abort.abort();
      },
      ended() {},
    };
    this.applier = new BatchApplier(redis, leader, { cursors, observer });
  }

  static async begin(source = '1'): Promise<Session> {
    const leader = new LeaderToken(redis, SLOT);
    await leader.look();
    await leader.claim();
    return new Session(leader, source);
  }

  async apply(batch: Batch, isOldest = true): Promise<void> {
    await this.applier.apply(batch, this.#abort.signal, isOldest);
  }

  async removeEarly(batch: Batch): Promise<void> {
    await this.applier.remove(batch, this.#abort.signal);
  }

  /** Begins a purge, and dies in the middle of it. */
  async die(batch: Batch, isOldest = true): Promise<void> {
    this.limit = KEYS * 0.7;
    await expect(this.apply(batch, isOldest)).rejects.toThrow('abort');
  }
}

test('a purge goes on where the last session stopped, delivered in whatever batch that ends no later', async () => {
  await redis.flushall();
  await fill();
  const first = await Session.begin();
  await first.die(await batchOf(10, 20));
  expect(await redis.hlen(CURSORS)).toBe(1);
  expect(await redis.ttl(CURSORS)).toBeGreaterThan(3_600);

  const second = await Session.begin();
  await second.apply(await batchOf(10));
  expect(second.resumed).toBe(1);
  expect(await keysLeft()).toBe(0);
  expect(first.found + second.found).toBeLessThan(KEYS * 1.2);
  expect(await redis.exists(CURSORS), 'a place is left behind').toBe(0);

  const third = await Session.begin();
  await third.apply(await batchOf(20));
  expect(third.resumed).toBe(0);
});

/** What comes between the death of one session and the purge of the next, and that purge. */
const anew: Readonly<Record<string, (session: (source?: string) => Promise<Session>) => Promise<void>>> = {
  'of a later transaction': async (session) => (await session()).apply(await batchOf(11)),
  'of the same and a later transaction': async (session) => (await session()).apply(await batchOf(10, 11)),
  'that somebody ordered': async (session) => (await session()).apply(await ordered()),
  'from another history': async (session) => (await session('2')).apply(await batchOf(10)),
  'that is early': async (session) => (await session()).removeEarly(await batchOf(10)),
  'while an earlier batch waits': async (session) => (await session()).apply(await batchOf(10), false),
  'after a value was stored': async (session) => {
    const writer = await session();
    const queue = new BatchQueue({ maxKeys: 1_000, maxBytes: 1_000_000 });
    queue.begin({ xid: 1, commitLsn: toLsn(1n), commitTimeMs: 1 });
    queue.add(written);
    queue.commit(toLsn(2n));
    await writer.apply(await taken(queue));
    await (await session()).apply(await batchOf(10));
  },
};

test.each(Object.keys(anew))('a purge %s begins anew: keys were stored behind the cursor', async (name) => {
  await redis.flushall();
  await fill();
  await (await Session.begin()).die(await batchOf(10));
  expect(await redis.hlen(CURSORS)).toBe(1);
  await fill();
  const sessions: Session[] = [];
  await anew[name]?.(async (source) => {
    const session = await Session.begin(source);
    sessions.push(session);
    return session;
  });
  expect(sessions.map(({ resumed }) => resumed)).toEqual(sessions.map(() => 0));
  expect(await keysLeft()).toBe(0);
});

test('control: one that goes on leaves those, so the above would notice', async () => {
  await redis.flushall();
  await fill();
  await (await Session.begin()).die(await batchOf(10));
  await fill();
  await (await Session.begin()).apply(await batchOf(10));
  expect(await keysLeft()).toBeGreaterThan(KEYS / 4);
});

test.each([
  { what: 'an ordered purge', batch: ordered, isOldest: true },
  { what: 'a purge while an earlier batch waits', batch: async () => batchOf(10), isOldest: false },
])('$what leaves no place', async ({ batch, isOldest }) => {
  await redis.flushall();
  await fill();
  await (await Session.begin()).die(await batch(), isOldest);
  expect(await redis.exists(CURSORS)).toBe(0);
});

test('a session that was replaced as the leader leaves no place', async () => {
  await redis.flushall();
  await fill();
  const former = await Session.begin();
  await Session.begin();
  await former.die(await batchOf(10));
  expect(await redis.exists(CURSORS)).toBe(0);
});

test('Redis out of memory: the purge goes on without a place', async () => {
  await redis.flushall();
  await fill();
  const session = await Session.begin();
  await redis.config('SET', 'maxmemory', '1mb');
  try {
    await session.apply(await batchOf(10));
  } finally {
    await redis.config('SET', 'maxmemory', '0');
  }
  expect(await keysLeft()).toBe(0);
});

test('Redis restarted: its cursors mean nothing any more, to the purge that runs and to the next', {
  timeout: 120_000,
}, async () => {
  await redis.flushall();
  await fill();
  const session = await Session.begin();
  const applied = session.apply(await batchOf(10));
  await expect.poll(() => session.found, { interval: 1, timeout: 10_000 }).toBeGreaterThan(KEYS * 0.6);
  await server.kill();
  await server.start();
  await applied;
  expect(await keysLeft()).toBe(0);

  await fill();
  await (await Session.begin()).die(await batchOf(20));
  expect(await redis.hlen(CURSORS)).toBe(1);
  await fill();
  await server.stop();
  await server.start();
  const next = await Session.begin();
  await next.apply(await batchOf(20));
  expect(next.resumed).toBe(0);
  expect(await keysLeft()).toBe(0);
});
