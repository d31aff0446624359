import type { Redis } from 'ioredis';
import { OWN_PREFIX } from './own-keys.ts';
import { refuse } from './redis-errors.ts';

/** Renewed with every session, and daily within one. */
const TTL_SECONDS = 30 * 24 * 3600;

/** The Postgres whose changes the keys in this Redis reflect. */
interface MarkedSource {
  readonly systemId: string;
  readonly timeline: number;
  /** Seconds since 1970 when it was first followed. */
  readonly epoch: number;
}

/**
 * Remembers beside the keys which server they were kept right from. Lost together with them, so that an empty Redis
 * may follow any server.
 */
export class SourceMarker {
  readonly key: string;
  readonly #redis: Redis;

  constructor(redis: Redis, slot: string) {
    this.#redis = redis;
    this.key = `${OWN_PREFIX}{${slot}}:source`;
  }

  /** @throws RetryableError */
  async read(): Promise<MarkedSource | undefined> {
    const { systemId, timeline, epoch } = await this.#redis.hgetall(this.key).catch(refuse);
    if (systemId === undefined || timeline === undefined || epoch === undefined) return undefined;
    return { systemId, timeline: Number(timeline), epoch: Number(epoch) };
  }

  /** @throws RetryableError */
  async write({ systemId, timeline, epoch }: MarkedSource): Promise<void> {
    const replies = await this.#redis
      .multi()
      .hset(this.key, { systemId, timeline, epoch })
      .expire(this.key, TTL_SECONDS)
      .exec()
      .catch(refuse);
    for (const [error] of replies ?? []) if (error !== null) refuse(error);
  }
}
