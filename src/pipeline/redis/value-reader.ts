import type { Redis } from 'ioredis';
import type { CachedValue } from '../../domain/cached-value.ts';
import { commitLsnOf } from '../../domain/version.ts';
import { CLOCK } from '../../lease/lease-scripts.ts';
import { MAX_MEMBERS } from '../../sql/derived-query.ts';
import { refuse } from './redis-errors.ts';
import { versionKey } from './version-key.ts';

/**
 * KEYS[1] the key. Reply: its type (`entry` for one of the lease protocol), the rest of its life in ms, and what it
 * holds. An entry that is marked stale or past its time has the type `marked`; a lease alone is `none`.
 */
const READ_SCRIPT = `
  local kind = redis.call('TYPE', KEYS[1]).ok
  local life = redis.call('PTTL', KEYS[1])
  if kind == 'string' then return {kind, life, redis.call('GET', KEYS[1])} end
  if kind == 'zset' then return {kind, life, redis.call('ZRANGE', KEYS[1], 0, ${MAX_MEMBERS}, 'WITHSCORES')} end
  if kind ~= 'hash' then return {kind, life} end
  local entry = redis.call('HMGET', KEYS[1], 'v', 'n', 'f', 'e', 'l')
  if entry[5] and not entry[1] then return {'none', life} end
  if not (entry[1] and entry[3] and entry[4]) then return {kind, life, redis.call('HGETALL', KEYS[1])} end
  ${CLOCK}
  if now >= math.min(tonumber(entry[3]), tonumber(entry[4])) then return {'marked', life} end
  return {'entry', life, not entry[2] and entry[1]}`;

type Reply = readonly [type: string, lifeMs: number, content?: string | readonly string[] | null];

interface Scripts {
  freshetRead(key: string): Promise<Reply>;
}

/** Reads what keys hold, whatever it is, each in one step. */
export class ValueReader {
  readonly #redis: Redis & Scripts;

  constructor(redis: Redis) {
    redis.defineCommand('freshetRead', { numberOfKeys: 1, lua: READ_SCRIPT, readOnly: true });
    this.#redis = redis as Redis & Scripts;
  }

  /** In the order of the keys; all of them in one round trip. @throws RetryableError */
  async read(keys: readonly string[]): Promise<readonly CachedValue[]> {
    const replies = await Promise.all(keys.map((key) => this.#redis.freshetRead(key))).catch(refuse);
    return replies.map(toValue);
  }

  /** LSN of the commit whose value was written there last; undefined where Freshet wrote none. @throws RetryableError */
  async writtenAt(key: string): Promise<bigint | undefined> {
    const version = await this.#redis.get(versionKey(key)).catch(refuse);
    return version === null ? undefined : commitLsnOf(version);
  }
}

function toValue([type, lifeMs, content]: Reply): CachedValue {
  const ttlMs = lifeMs < 0 ? undefined : lifeMs;
  switch (type) {
    case 'none':
      return { kind: 'absent' };
    case 'marked':
      return { kind: 'marked', ttlMs };
    case 'string':
    case 'entry':
      return { kind: 'text', text: typeof content === 'string' ? content : null, ttlMs };
    case 'hash':
      return { kind: 'hash', fields: pairs(content), ttlMs };
    case 'zset':
      return { kind: 'sortedSet', members: pairs(content), ttlMs };
    default:
      return { kind: 'foreign', type, ttlMs };
  }
}

/** `[a, 1, b, 2]` as a map. */
function pairs(flat: Reply[2]): ReadonlyMap<string, string> {
  const texts = Array.isArray(flat) ? flat : [];
  return new Map(texts.flatMap((name, index) => (index % 2 === 0 ? [[name, texts[index + 1] ?? '']] : [])));
}
