import type { Redis } from 'ioredis';
import { OWN_PREFIX } from './own-keys.ts';
import { refuse } from './redis-errors.ts';

const TTL_SECONDS = 30 * 24 * 3600;

/** A text kept beside the keys that it says something about, and lost together with them. */
export class KeptText {
  readonly #redis: Redis;
  readonly #key: string;

  /** @param about `catalog`: what the keys were right for; `run`: the process of Redis that held them */
  constructor(redis: Redis, slot: string, about: 'catalog' | 'run') {
    this.#redis = redis;
    this.#key = `${OWN_PREFIX}{${slot}}:${about}`;
  }

  /** @throws RetryableError */
  async read(): Promise<string | undefined> {
    const text = await this.#redis.get(this.#key).catch(refuse);
    return text ?? undefined;
  }

  /** @throws RetryableError */
  async write(text: string): Promise<void> {
    await this.#redis.set(this.#key, text, 'EX', TTL_SECONDS).catch(refuse);
  }
}
