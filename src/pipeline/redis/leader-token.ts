import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LeadershipLostError } from '../../domain/errors.ts';
import { OWN_PREFIX } from './own-keys.ts';
import { refuse } from './redis-errors.ts';

/** As long as the marker of the source, with which it is renewed. */
const TTL_SECONDS = 30 * 24 * 3600;

/**
 * KEYS[1] the token. ARGV[1] this session, ARGV[2] life in seconds. Reply: who holds it. EXPIRE, here and below: after
 * a write that needs no memory a Redis that is full allows others.
 */
const LOOK_SCRIPT = `
  local holder = redis.call('GET', KEYS[1])
  if holder then return holder end
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
  return ARGV[1]`;

/** KEYS[1] the token. ARGV[1] who held it when this session looked, ARGV[2] this session, ARGV[3] life in seconds. */
const CLAIM_SCRIPT = `
  local holder = redis.call('GET', KEYS[1])
  if holder ~= ARGV[1] and holder ~= ARGV[2] then return 0 end
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1`;

interface Scripts {
  freshetLook(key: string, value: string, ttlSeconds: number): Promise<string>;
  freshetClaim(key: string, seen: string, value: string, ttlSeconds: number): Promise<number>;
}

/**
 * Names in Redis the one session whose values are stored. The slot lets one process read; a process that was paused and
 * has lost it does not know that yet, and has old values in its memory. Versions keep those out only where a version
 * is: not where a key was purged by pattern, or a refresh was skipped, or Redis has evicted it.
 *
 *     look -> START_REPLICATION, which the slot grants to one -> claim -> write ... claim again: renewed
 *
 * A session claims only what it found before it held the slot: so one that was paused between the two cannot take the
 * token from its successor. And it claims only after: so one that stands by does not take it from the living leader.
 */
export class LeaderToken {
  readonly key: string;
  readonly value: string = randomUUID();
  readonly #redis: Redis & Scripts;
  #seen = '';

  constructor(redis: Redis, slot: string) {
    redis.defineCommand('freshetLook', { numberOfKeys: 1, lua: LOOK_SCRIPT });
    redis.defineCommand('freshetClaim', { numberOfKeys: 1, lua: CLAIM_SCRIPT });
    this.#redis = redis as Redis & Scripts;
    this.key = `${OWN_PREFIX}{${slot}}:leader`;
  }

  /** Notes who holds it. Where nobody does it leaves a trace of this look, so that a later loss is seen. @throws RetryableError */
  async look(): Promise<void> {
    this.#seen = await this.#redis.freshetLook(this.key, this.value, TTL_SECONDS).catch(refuse);
  }

  /** Takes it over, or renews it. @throws LeadershipLostError where another session came between; RetryableError */
  async claim(): Promise<void> {
    const reply = await this.#redis.freshetClaim(this.key, this.#seen, this.value, TTL_SECONDS).catch(refuse);
    if (reply !== 1) throw new LeadershipLostError(this.key);
    this.#seen = this.value;
  }

  /** Keeps it from ending, whoever holds it, and from being evicted as what nobody uses. @throws RetryableError */
  async renew(): Promise<void> {
    await this.#redis.expire(this.key, TTL_SECONDS).catch(refuse);
  }
}
