import type { Redis } from 'ioredis';
import { OWN_PREFIX } from './own-keys.ts';
import { refuse } from './redis-errors.ts';

/** Renewed with every session, and within one. */
const TTL_SECONDS = 30 * 24 * 3600;

/**
 * KEYS[1] the marker. ARGV[1] system id, ARGV[2] timeline, ARGV[3] epoch, ARGV[4] life in seconds. The first EXPIRE:
 * after a write that needs no memory a Redis that is full allows others.
 */
const MARK_SCRIPT = `
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  redis.call('HSET', KEYS[1], 'systemId', ARGV[1], 'timeline', ARGV[2], 'epoch', ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[4])`;

interface Scripts {
  freshetMark(key: string, ...args: readonly (string | number)[]): Promise<unknown>;
}

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
  readonly #redis: Redis & Scripts;

  constructor(redis: Redis, slot: string) {
    redis.defineCommand('freshetMark', { numberOfKeys: 1, lua: MARK_SCRIPT });
    this.#redis = redis as Redis & Scripts;
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
    await this.#redis.freshetMark(this.key, systemId, timeline, epoch, TTL_SECONDS).catch(refuse);
  }
}
