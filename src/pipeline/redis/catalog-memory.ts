import type { Redis } from 'ioredis';
import { classifyRedisError } from './redis-errors.ts';

const TTL_SECONDS = 30 * 24 * 3600;

/** Keeps a text about the catalog beside the keys that were right for it, and is lost together with them. */
export class CatalogMemory {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(redis: Redis, slot: string) {
    this.#redis = redis;
    this.#key = `freshet:{${slot}}:catalog`;
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

function refuse(error: unknown): never {
  throw classifyRedisError(error);
}
