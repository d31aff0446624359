import type { Redis } from 'ioredis';
import type { LeaderToken } from './leader-token.ts';
import { OWN_PREFIX } from './own-keys.ts';
import { refuse } from './redis-errors.ts';

const TTL_SECONDS = 30 * 24 * 3600;

/**
 * KEYS[1] the text, KEYS[2] the leader. ARGV[1] what it is now, ARGV[2] life in seconds, ARGV[3] this session; where
 * another one leads, that knows better. EXPIRE first: after a write that needs no memory a Redis that is full allows
 * others.
 */
const WRITE_SCRIPT = `
  local holder = redis.call('GET', KEYS[2])
  if holder and holder ~= ARGV[3] then return end
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])`;

interface Scripts {
  freshetKeep(key: string, leaderKey: string, ...args: readonly (string | number)[]): Promise<unknown>;
}

/** A text kept beside the keys that it says something about, and lost together with them. */
export class KeptText {
  readonly #redis: Redis & Scripts;
  readonly #leader: LeaderToken;
  readonly #key: string;
  /** What is there as far as is known. */
  #text: string | undefined;

  /** @param about `catalog`, `rules`: what the keys were right for; `run`, `crash`: the lives of Redis and Postgres in which they were */
  constructor(redis: Redis, leader: LeaderToken, slot: string, about: 'catalog' | 'crash' | 'rules' | 'run') {
    redis.defineCommand('freshetKeep', { numberOfKeys: 2, lua: WRITE_SCRIPT });
    this.#redis = redis as Redis & Scripts;
    this.#leader = leader;
    this.#key = `${OWN_PREFIX}{${slot}}:${about}`;
  }

  /** @throws RetryableError */
  async read(): Promise<string | undefined> {
    const text = await this.#redis.get(this.#key).catch(refuse);
    this.#text = text ?? undefined;
    return this.#text;
  }

  /** @throws RetryableError */
  async write(text: string): Promise<void> {
    this.#text = text;
    const { key, value } = this.#leader;
    await this.#redis.freshetKeep(this.#key, key, text, TTL_SECONDS, value).catch(refuse);
  }

  /** Keeps it from ending, and from being evicted as what nobody uses. @throws RetryableError */
  async renew(): Promise<void> {
    if (this.#text !== undefined) await this.write(this.#text);
  }
}
