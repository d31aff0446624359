import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { CacheKey, Origin, Write } from '../../src/domain/effect.ts';
import { LeadershipLostError } from '../../src/domain/errors.ts';
import { FencedWriter, type WriteOutcome } from '../../src/pipeline/redis/fenced-writer.ts';
import { LeaderToken } from '../../src/pipeline/redis/leader-token.ts';
import { versionKey } from '../../src/pipeline/redis/version-key.ts';
import { heldToken } from '../support/redis/held-token.ts';
import { RedisKeys } from './redis-keys.ts';
import { hash, REMOVE, set, sortedSet, version, writing } from './sample-effects.ts';

const keys = new RedisKeys();
const { redis, prefix } = keys;
const DAY_SECONDS = 24 * 3600;

afterEach(() => keys.clear());
afterAll(() => keys[Symbol.asyncDispose]());

const origin: Origin = { rule: 'product', template: 'product:${id}', pattern: `${prefix}product:*` };
const key = `${prefix}product:7` as CacheKey;

function write(token: LeaderToken, content: Write): Promise<WriteOutcome> {
  return new FencedWriter(redis, token).write(writing(content, version(9), key, origin));
}

async function looked(slot: string): Promise<LeaderToken> {
  const token = new LeaderToken(redis, slot);
  await token.look();
  return token;
}

test.each<[string, Write]>([
  ['a value', set('old')],
  ['a hash', hash({ a: 'old' })],
  ['a part of a hash', hash({ a: 'old' }, false)],
  ['a sorted set', sortedSet({ a: '1' })],
])('a former leader stores nothing: %s', async (_what, content) => {
  const slot = randomUUID();
  const former = await heldToken(redis, slot);
  await heldToken(redis, slot);
  await redis.set(key, 'current');
  await expect(write(former, content)).rejects.toThrow(LeadershipLostError);
  expect(await keys.contents()).toEqual({ 'product:7': 'current' });
  expect(await redis.exists(versionKey(key)), 'a version that would keep the next leader out').toBe(0);
});

test('a former leader may remove', async () => {
  const slot = randomUUID();
  const former = await heldToken(redis, slot);
  await heldToken(redis, slot);
  await redis.set(key, 'current');
  expect(await write(former, REMOVE)).toBe(true);
  expect(await keys.contents()).toEqual({});
});

test('who stands by takes nothing from the leader, who renews the token', async () => {
  const slot = randomUUID();
  const leader = await heldToken(redis, slot);
  await looked(slot);
  await redis.expire(leader.key, DAY_SECONDS);
  await leader.claim();
  expect(await redis.ttl(leader.key)).toBeGreaterThan(29 * DAY_SECONDS);
  expect(await write(leader, set('current'))).toBe(true);
});

test('who was paused before it could claim the token does not take it from its successor', async () => {
  const slot = randomUUID();
  const former = await looked(slot);
  const leader = await heldToken(redis, slot);
  await expect(former.claim()).rejects.toThrow(LeadershipLostError);
  expect(await write(leader, set('current'))).toBe(true);
});

test('a token that is lost is lost for everyone who knew it', async () => {
  const slot = randomUUID();
  const leader = await heldToken(redis, slot);
  const standby = await looked(slot);
  await redis.unlink(leader.key);
  await expect(write(leader, set('old'))).rejects.toThrow(LeadershipLostError);
  await expect(leader.claim()).rejects.toThrow(LeadershipLostError);
  await expect(standby.claim()).rejects.toThrow(LeadershipLostError);
  const next = await heldToken(redis, slot);
  expect(await write(next, set('current'))).toBe(true);
});

test('also where it was lost, and nobody held it, before the first claim', async () => {
  const slot = randomUUID();
  const paused = await looked(slot);
  await redis.unlink(paused.key);
  await expect(paused.claim()).rejects.toThrow(LeadershipLostError);
});
