import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { CacheKey, Effect, Origin, Write } from '../../src/domain/effect.ts';
import { scoreOf } from '../../src/domain/score.ts';
import type { Version } from '../../src/domain/version.ts';
import { FencedWriter, type WriteOutcome } from '../../src/pipeline/redis/fenced-writer.ts';
import { versionKey } from '../../src/pipeline/redis/version-key.ts';
import { MAX_MEMBERS } from '../../src/sql/derived-query.ts';
import { heldToken } from '../support/redis/held-token.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { RedisKeys } from './redis-keys.ts';
import * as sample from './sample-effects.ts';
import { entry, HOUR_MS, hash, REMOVE, set, sortedSet, version } from './sample-effects.ts';

const keys = new RedisKeys();
const { redis, prefix } = keys;
const leader = await heldToken(redis);
const writer = new FencedWriter(redis, leader);

afterEach(() => keys.clear());
afterAll(() => keys[Symbol.asyncDispose]());

const DAY_MS = 24 * HOUR_MS;
const origin: Origin = { rule: 'product', template: 'product:${id}', pattern: `${prefix}product:*` };
const key = `${prefix}product:7` as CacheKey;

function writing(content: Write, at: Version, of = key): Extract<Effect, { kind: 'write' }> {
  return sample.writing(content, at, of, origin);
}

function write(content: Write, at: Version): Promise<WriteOutcome> {
  return writer.write(writing(content, at));
}

describe('a write', () => {
  test.each<[string, Version]>([
    ['an older row of the transaction', version(4)],
    ['the same again', version(5)],
    ['an older transaction', version(9, 99n)],
    ['an older history, however far it went', version(9, 0xffff_ffff_ffff_ffffn, 0)],
  ])('is refused that comes from %s', async (_what, older) => {
    expect(await write(set('current'), version(5))).toBe(true);
    for (const content of [
      set('old'),
      entry('old'),
      hash({ a: 'old' }),
      hash({ a: 'old' }, false),
      sortedSet({ a: '1' }),
      REMOVE,
    ]) {
      expect(await write(content, older)).toBe(false);
    }
    expect(await keys.contents()).toEqual({ 'product:7': 'current' });
  });

  test.each<[string, Version]>([
    ['a later row', version(6)],
    ['a later transaction', version(1, 101n)],
    ['a transaction so much later that its position has more digits', version(1, 0x1_0000_0000_0000n)],
    ['a later history', version(1, 1n, 2)],
  ])('is done that comes from %s', async (_what, newer) => {
    await write(set('old'), version(5));
    expect(await write(set('current'), newer)).toBe(true);
    expect(await keys.contents()).toEqual({ 'product:7': 'current' });
  });

  test('cannot undo a removal that is newer', async () => {
    await write(set('old'), version(1));
    expect(await write(REMOVE, version(3))).toBe(true);
    expect(await write(set('late'), version(2))).toBe(false);
    expect(await write(hash({ a: 'late' }), version(3))).toBe(false);
    expect(await keys.contents()).toEqual({});
    expect(await write(set('new'), version(4))).toBe(true);
  });

  test('goes on when Redis has forgotten the scripts', async () => {
    await write(set('old'), version(1));
    await redis.script('FLUSH');
    expect(await write(hash({ a: '1' }), version(2))).toBe(true);
    expect(await keys.contents()).toEqual({ 'product:7': { a: '1' } });
  });

  test('keeps what it is given: bytes, quotes and line breaks, also in names of fields', async () => {
    const odd = 'a "b" \\ \n\r\t\u0001 {x} 猫 👩‍🚀';
    await write(set(odd), version(1));
    expect(await keys.contents()).toEqual({ 'product:7': odd });
    await write(hash({ [odd]: odd, '': 'empty' }), version(2));
    expect(await keys.contents()).toEqual({ 'product:7': { [odd]: odd, '': 'empty' } });
  });
});

describe('a hash', () => {
  test('that is a part goes only into one that exists', async () => {
    expect(await write(hash({ price: '1' }, false), version(1))).toBe(true);
    expect(await keys.contents()).toEqual({});
    await write(hash({ price: '1', note: 'hot', stock: '3' }), version(2));
    await write(hash({ price: '2', note: null }, false), version(3));
    expect(await keys.contents()).toEqual({ 'product:7': { price: '2', stock: '3' } });
  });

  test('takes the place of a key of another type, and a part of one removes it', async () => {
    await redis.lpush(key, 'an application did this');
    await write(hash({ price: '1' }), version(1));
    expect(await keys.contents()).toEqual({ 'product:7': { price: '1' } });
    await redis.set(key, 'and this');
    await write(hash({ price: '2' }, false), version(2));
    expect(await keys.contents()).toEqual({});
  });

  test('leaves fields of others alone, unless it comes after a removal', async () => {
    await redis.hset(key, { theirs: '1', price: '0' });
    await write(hash({ price: '1' }), version(1));
    expect(await keys.contents()).toEqual({ 'product:7': { price: '1', theirs: '1' } });
    await write(hash({ price: '2' }, true, true), version(2));
    expect(await keys.contents()).toEqual({ 'product:7': { price: '2' } });
  });

  test('without any field is no key', async () => {
    await write(hash({ price: '1' }), version(1));
    await write(hash({ price: null }, false), version(2));
    expect(await keys.contents()).toEqual({});
    await write(hash({ price: null }), version(3));
    expect(await keys.contents()).toEqual({});
  });

  test('of a thousand columns goes in at once', async () => {
    const fields = Object.fromEntries(
      Array.from({ length: 1_600 }, (_, column) => [`c${column}`, `${column}`]),
    );
    await write(hash(fields), version(1));
    expect(await keys.contents()).toEqual({ 'product:7': fields });
  });
});

describe('a sorted set', () => {
  test('that is a part goes only into one that exists', async () => {
    expect(await write(sortedSet({ a: '1' }, false), version(1))).toBe(true);
    expect(await keys.contents()).toEqual({});
    await write(sortedSet({ a: '1', b: '2', c: '3' }), version(2));
    await write(sortedSet({ a: '9.50', b: null, d: '-inf' }, false), version(3));
    expect(await keys.contents()).toEqual({ 'product:7': ['d', '-inf', 'c', '3', 'a', '9.5'] });
  });

  test('that is whole takes the place of what was there', async () => {
    for (const [ordinal, before] of [set('text'), hash({ a: '1' }), sortedSet({ b: '2' })].entries()) {
      await write(before, version(2 * ordinal));
      await write(sortedSet({ a: '1' }), version(2 * ordinal + 1));
      expect(await keys.contents()).toEqual({ 'product:7': ['a', '1'] });
    }
  });

  test('that is a part removes a key of another type', async () => {
    await redis.set(key, 'an application did this');
    await write(sortedSet({ a: '1' }, false), version(1));
    expect(await keys.contents()).toEqual({});
  });

  test('without any member is no key', async () => {
    await write(sortedSet({ a: '1' }), version(1));
    await write(sortedSet({ a: null }, false), version(2));
    expect(await keys.contents()).toEqual({});
    await write(sortedSet({}), version(3));
    expect(await keys.contents()).toEqual({});
  });

  test('takes scores of any size, and odd members', async () => {
    const odd = 'a "b" \n 猫';
    const texts = ['1'.repeat(400), `0.${'0'.repeat(400)}1`, '-Infinity', '4.9406564584124654e-324', '9.50'];
    const scores = texts.map((text, index) => [`${odd}${index}`, scoreOf(text) ?? null]);
    await write(sortedSet(Object.fromEntries(scores)), version(1));
    expect(await redis.zcard(key)).toBe(texts.length);
  });

  test('of as many members as a set may have goes in at once', async () => {
    const many = Array.from({ length: MAX_MEMBERS }, (_, index) => [`member${index}`, `${index}`]);
    await write(sortedSet(Object.fromEntries(many)), version(1));
    expect(await redis.zcard(key)).toBe(MAX_MEMBERS);
  });
});

describe('the TTL', () => {
  test('is on every key and on every version, whatever was written', async () => {
    const writes: readonly Write[] = [
      set('a'),
      hash({ a: '1' }),
      hash({ a: '2' }, false),
      set('b'),
      REMOVE,
      hash({ a: '1' }, false),
      hash({ a: '1' }, true, true),
      sortedSet({ a: '1' }),
      sortedSet({ a: '2' }, false),
      sortedSet({ a: null }, false),
    ];
    for (const [ordinal, content] of writes.entries()) {
      await write(content, version(ordinal));
      const lives = await keys.lives();
      expect(lives.length).toBe((await redis.exists(key)) + 1);
      expect(Math.min(...lives)).toBeGreaterThan(0);
    }
  });

  test('is put on a hash that an application keeps for ever', async () => {
    await redis.hset(key, { a: '1' });
    await write(hash({ a: '2' }, false), version(1));
    expect(await redis.pttl(key)).toBeGreaterThan(0);
  });

  test('of a version is a day, or that of a value that lives longer', async () => {
    await write(set('a'), version(1));
    expect(await redis.pttl(versionKey(key))).toBeGreaterThan(DAY_MS - 60_000);
    const long: Write = { op: 'set', value: 'b', expiry: { ttlMs: 30 * DAY_MS, jitter: 0 } };
    await write(long, version(2));
    expect(await redis.pttl(versionKey(key))).toBeGreaterThan(30 * DAY_MS - 60_000);
    await write(REMOVE, version(3));
    expect(await redis.pttl(versionKey(key))).toBeGreaterThan(DAY_MS - 60_000);
  });

  test.each([
    [0, 0.75],
    [0.5, 1],
    [0.999_999, 1.25],
  ])(
    'is spread by the jitter: for the random number %d it is %d of what the rule says',
    async (random, share) => {
      const spread: Write = { op: 'set', value: 'a', expiry: { ttlMs: HOUR_MS, jitter: 0.25 } };
      const spreadHash: Write = {
        op: 'hash',
        fields: new Map([['a', '1']]),
        isComplete: true,
        expiry: spread.expiry,
      };
      const chosen = new FencedWriter(redis, leader, () => random);
      for (const [ordinal, content] of [spread, spreadHash].entries()) {
        await chosen.write(writing(content, version(ordinal)));
        const life = await redis.pttl(key);
        expect(life).toBeLessThanOrEqual(share * HOUR_MS);
        expect(life).toBeGreaterThan(share * HOUR_MS - 10_000);
      }
    },
  );
});

test('a Redis without memory keeps no value that is known to be old, holds nothing up, and takes the new one later', async () => {
  await using full = await LocalRedis.create({ settings: { 'maxmemory-policy': 'noeviction' } });
  await using there = new RedisKeys(full.url);
  const own = new FencedWriter(there.redis, await heldToken(there.redis));
  const names = ['set', 'entry', 'hash', 'removed'].map((name) => `${there.prefix}${name}` as CacheKey);
  for (const name of names) await own.write(writing(hash({ a: 'old' }), version(1), name));
  await there.redis.config('SET', 'maxmemory', '1');
  const newer = [set('new'), entry('new'), hash({ a: 'new' }, false), REMOVE];
  for (const [index, name] of names.entries()) {
    expect(await own.write(writing(newer[index] ?? REMOVE, version(2), name))).toBe(
      name.endsWith('removed') ? true : 'full',
    );
  }
  expect(await there.contents()).toEqual({});
  await there.redis.config('SET', 'maxmemory', '0');
  for (const [index, name] of names.entries()) {
    expect(await own.write(writing(newer[index] ?? REMOVE, version(2), name))).toBe(true);
  }
  expect(await there.contents()).toEqual({ set: 'new', entry: expect.objectContaining({ v: 'new' }) });
});
