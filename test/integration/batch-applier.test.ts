import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { CacheKey, Effect, Origin, Write } from '../../src/domain/effect.ts';
import type { Version } from '../../src/domain/version.ts';
import { BatchApplier } from '../../src/pipeline/redis/batch-applier.ts';
import { FencedWriter } from '../../src/pipeline/redis/fenced-writer.ts';
import { versionKey } from '../../src/pipeline/redis/version-key.ts';
import { heldToken } from '../support/redis/held-token.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { LeaseReader } from './lease-reader.ts';
import { RedisKeys } from './redis-keys.ts';
import * as sample from './sample-effects.ts';
import { batchOf, set, version } from './sample-effects.ts';

const keys = new RedisKeys();
const { redis, prefix } = keys;
const leader = await heldToken(redis);
const writer = new FencedWriter(redis, leader);
const applier = new BatchApplier(redis, leader);
const neverAborted = new AbortController().signal;

afterEach(() => keys.clear());
afterAll(() => keys[Symbol.asyncDispose]());

const origin: Origin = { rule: 'product', template: 'product:${id}', pattern: `${prefix}product:*` };
const key = `${prefix}product:7` as CacheKey;

function writing(content: Write, at: Version, of = key): Extract<Effect, { kind: 'write' }> {
  return sample.writing(content, at, of, origin);
}

async function apply(...effects: readonly Effect[]) {
  return applier.apply(await batchOf(...effects), neverAborted);
}

/** Of the keys that the rule writes. */
function purge(at: Version): Effect {
  return { kind: 'purge', of: 'keys', pattern: origin.pattern, origin, version: at };
}

describe('a purge of keys that are written', () => {
  const other = `${prefix}product:8` as CacheKey;

  test('spares what was written after it, when it is delivered again', async () => {
    const history = [
      writing(set('before'), version(1)),
      purge(version(2)),
      writing(set('after'), version(3)),
    ];
    await redis.set(other, 'from an application');
    for (const effect of history) await apply(effect);
    expect(await keys.contents()).toEqual({ 'product:7': 'after' });
    for (const effect of history) await apply(effect);
    expect(await keys.contents()).toEqual({ 'product:7': 'after' });
  });

  test('in one batch with writes before and after it leaves those after, and no way back', async () => {
    await apply(
      writing(set('before'), version(1)),
      writing(set('before'), version(2), other),
      purge(version(3)),
      writing(set('after'), version(4)),
    );
    expect(await keys.contents()).toEqual({ 'product:7': 'after' });
    // By a former leader that was paused just before it wrote this.
    expect(await writer.write(writing(set('before'), version(2), other))).toBe(false);
    expect(await keys.contents()).toEqual({ 'product:7': 'after' });
  });

  test('counts what it found and what existed', async () => {
    await apply(writing(set('new'), version(5)));
    await redis.set(other, 'old');
    const { removals } = await apply(purge(version(3)));
    expect(removals.get('product')).toEqual({ requested: 2, existed: 1 });
  });

  test('does nothing early, for it is a write', async () => {
    await redis.set(key, 'still visible');
    await applier.remove(await batchOf(purge(version(1)), writing(set('x'), version(2))), neverAborted);
    expect(await keys.contents()).toEqual({ 'product:7': 'still visible' });
    expect(await redis.exists(versionKey(key))).toBe(0);
  });
});

describe('what another rule deletes', () => {
  const gone: Effect = { kind: 'delete', key, origin: { ...origin, rule: 'other' } };

  test('wins over a value of the same batch, and leaves its fence', async () => {
    const { removals } = await apply(writing(set('value'), version(4)), gone);
    expect(removals.get('other')).toEqual({ requested: 1, existed: 0 });
    expect(await keys.contents()).toEqual({});
    expect(await writer.write(writing(set('late'), version(3)))).toBe(false);
    expect(await keys.contents()).toEqual({});
  });

  test('goes early, the value does not', async () => {
    await redis.set(key, 'old');
    await applier.remove(await batchOf(writing(set('value'), version(4)), gone), neverAborted);
    expect(await keys.contents()).toEqual({});
    expect(await redis.exists(versionKey(key))).toBe(0);
  });
});

describe('a mark', () => {
  const stale: Effect = { kind: 'stale', key, serveMs: 60_000, origin };

  test('is made early and again, and tells what became of the keys', async () => {
    const reader = new LeaseReader(redis);
    await reader.fill(key, 'old');
    const batch = await batchOf(stale, { ...stale, key: `${prefix}product:8` as CacheKey });
    await applier.remove(batch, neverAborted);
    expect(await reader.get(key)).toMatchObject({ state: 'stale', value: 'old' });
    const { marks } = await applier.apply(batch, neverAborted);
    expect(marks.get('product')).toEqual({ marked: 1, removed: 1 });
    expect(await reader.get(key)).toMatchObject({ state: 'stale', value: 'old', token: expect.any(String) });
  });

  test('that a write has given way to removes the key, and leaves the fence', async () => {
    await new LeaseReader(redis).fill(key, 'old');
    await apply(writing(set('value'), version(4)), { ...stale, origin: { ...origin, rule: 'other' } });
    expect(await keys.contents()).toEqual({});
    expect(await writer.write(writing(set('late'), version(3)))).toBe(false);
  });

  test('on a tag does not take it away before its members are gone', async () => {
    const tag = `${prefix}tag:7` as CacheKey;
    await redis.sadd(tag, `${prefix}page:1`);
    await redis.set(`${prefix}page:1`, 'cached');
    await apply({ ...stale, key: tag }, { kind: 'purge', of: 'tags', pattern: `${prefix}tag:*`, origin });
    expect(await keys.contents()).toEqual({});
  });

  test('is made by thousands, and by a Redis without memory', async () => {
    await using full = await LocalRedis.create({ settings: { 'maxmemory-policy': 'noeviction' } });
    await using there = new RedisKeys(full.url);
    const own = new BatchApplier(there.redis, await heldToken(there.redis));
    const names = Array.from({ length: 1_234 }, (_, id) => `${there.prefix}${id}` as CacheKey);
    const reader = new LeaseReader(there.redis);
    await reader.fill(names[7] ?? '', 'old');
    const lease = await reader.lease(names[7] ?? '');
    await there.redis.config('SET', 'maxmemory', '1');
    const batch = await batchOf(...names.map((name): Effect => ({ ...stale, key: name })));
    const { marks } = await own.apply(batch, neverAborted);
    await there.redis.config('SET', 'maxmemory', '0');
    expect(marks.get('product')).toEqual({ marked: 1, removed: 1_233 });
    expect(await reader.set(names[7] ?? '', lease, 'old')).toBe(false);
    expect(await reader.get(names[7] ?? '')).toMatchObject({ state: 'stale', value: 'old' });
  });
});

describe('a tag', () => {
  const tag = `${prefix}tag:7` as CacheKey;
  const purgeTag: Effect = { kind: 'purgeTag', key: tag, origin };

  test('goes with the keys that it holds, also with thousands', async () => {
    const members = Array.from({ length: 1_234 }, (_, page) => `${prefix}page:${page}`);
    await redis.sadd(tag, ...members);
    await redis.mset(members.slice(1).flatMap((name) => [name, 'cached']));
    await redis.set(`${prefix}kept`, 'cached');
    const { removals } = await apply(purgeTag);
    expect(await keys.contents()).toEqual({ kept: 'cached' });
    expect(removals.get('product')).toEqual({ requested: 1_234, existed: 1_233 });
  });

  test('that is sorted by when its members are gone goes alike', async () => {
    const members = Array.from({ length: 1_234 }, (_, page) => `${prefix}page:${page}`);
    await redis.zadd(tag, ...members.flatMap((name, index) => [Date.now() + index, name]));
    await redis.mset(members.slice(1).flatMap((name) => [name, 'cached']));
    await redis.set(`${prefix}kept`, 'cached');
    const { removals } = await apply(purgeTag);
    expect(await keys.contents()).toEqual({ kept: 'cached' });
    expect(removals.get('product')).toEqual({ requested: 1_234, existed: 1_233 });
  });

  test('that is no set is no tag, and stays; one that does not exist is nothing', async () => {
    await redis.set(tag, 'a string');
    await apply(purgeTag, { ...purgeTag, key: `${prefix}tag:8` as CacheKey });
    expect(await keys.contents()).toEqual({ 'tag:7': 'a string' });
  });

  test('is emptied before a delete or a purge takes its key, and with it the names of its members', async () => {
    const byKey = async (...effects: readonly Effect[]): Promise<void> => {
      await redis.sadd(tag, `${prefix}page:1`);
      await redis.set(`${prefix}page:1`, 'cached');
      await apply(...effects);
      expect(await keys.contents()).toEqual({});
    };
    const tags = { ...origin, pattern: `${prefix}tag:*` };
    await byKey({ kind: 'delete', key: tag, origin: tags }, purgeTag);
    await byKey({ kind: 'purge', of: 'keys', pattern: tags.pattern, origin: tags }, purgeTag);
    await byKey(
      { kind: 'purge', of: 'keys', pattern: tags.pattern, origin: tags },
      { kind: 'purge', of: 'tags', pattern: tags.pattern, origin: { ...tags, rule: 'tags' } },
    );
  });

  test('of a pattern goes with its members, other keys of the pattern stay', async () => {
    for (const id of [1, 2]) {
      await redis.sadd(`${prefix}tag:${id}`, `${prefix}page:${id}`);
      await redis.set(`${prefix}page:${id}`, 'cached');
    }
    await redis.set(`${prefix}tag:name`, 'a string');
    await apply({ kind: 'purge', of: 'tags', pattern: `${prefix}tag:*`, origin });
    expect(await keys.contents()).toEqual({ 'tag:name': 'a string' });
  });
});

test('a purge by a pattern spares what Freshet keeps for itself', async () => {
  await apply(writing(set('value'), version(5)));
  await apply({ kind: 'purge', of: 'keys', pattern: `*${prefix}*`, origin });
  expect(await keys.contents()).toEqual({});
  expect(await writer.write(writing(set('late'), version(4)))).toBe(false);
});

test('messages go to a channel or a stream in their order, and the stream is bounded', async () => {
  const channel = `${prefix}changes`;
  const stream = `${prefix}log`;
  const listener = redis.duplicate();
  const heard: string[] = [];
  try {
    listener.on('message', (_channel, message) => heard.push(message));
    await listener.subscribe(channel);
    const about = (subject: Extract<Effect, { kind: 'publish' }>['subject']): readonly Effect[] => [
      { kind: 'publish', subject, to: { kind: 'publish', to: 'channel', name: channel }, origin },
      {
        kind: 'publish',
        subject,
        to: { kind: 'publish', to: 'stream', name: stream, maxLength: 10 },
        origin,
      },
    ];
    const subjects = [{ key }, { pattern: origin.pattern }, { key: `${prefix}"x"` as CacheKey }];
    await apply(...subjects.flatMap(about));
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(3);
    const expected = subjects.map((subject) => ({ rule: 'product', ...subject }));
    expect(heard.map((message): unknown => JSON.parse(message))).toEqual(expected);
    const entries = await redis.xrange(stream, '-', '+');
    expect(entries.map(([, fields]): unknown => JSON.parse(fields[1] ?? ''))).toEqual(expected);
    expect(entries.map(([, [name]]) => name)).toEqual(['change', 'change', 'change']);
    await apply(
      ...Array.from({ length: 1_000 }, (_, id) => about({ key: `${prefix}${id}` as CacheKey })).flat(),
    );
    expect(await redis.xlen(stream)).toBeLessThan(300);
  } finally {
    listener.disconnect();
  }
});
