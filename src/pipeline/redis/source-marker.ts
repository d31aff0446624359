import type { Redis } from 'ioredis';
import { classifyRedisError } from './redis-errors.ts';

/** Renewed with every session, and daily within one. */
const TTL_SECONDS = 30 * 24 * 3600;

/**
 * Remembers beside the keys which server they were kept right from. Lost together with them, so that an empty Redis
 * may follow any server.
 */
export class SourceMarker {
  readonly key: string;
  readonly #redis: Redis;

  constructor(redis: Redis, slot: string) {
    this.#redis = redis;
    this.key = `freshet:{${slot}}:source`;
  }

  /** @throws RetryableError */
  async read(): Promise<{ systemId: string; timeline: number } | undefined> {
    const { systemId, timeline } = await this.#redis.hgetall(this.key).catch(refuse);
    if (systemId === undefined || timeline === undefined) return undefined;
    return { systemId, timeline: Number(timeline) };
  }

  /** @throws RetryableError */
  async write({ systemId, timeline }: { systemId: string; timeline: number }): Promise<void> {
    const replies = await this.#redis
      .multi()
      .hset(this.key, { systemId, timeline })
      .expire(this.key, TTL_SECONDS)
      .exec()
      .catch(refuse);
    for (const [error] of replies ?? []) if (error !== null) refuse(error);
  }
}

function refuse(error: unknown): never {
  throw classifyRedisError(error);
}
