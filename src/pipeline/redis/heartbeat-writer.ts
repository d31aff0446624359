import type { Redis } from 'ioredis';
import { formatLsn, type Lsn } from '../../domain/lsn.ts';
import { CLOCK } from '../../lease/lease-scripts.ts';
import { OWN_PREFIX } from './own-keys.ts';
import { classifyRedisError } from './redis-errors.ts';

/** Clients see by it how old it has become, up to the longest lag that they may bound (`LONGEST_LAG_MS`). */
const TTL_MS = 86_400_000;

/**
 * KEYS[1] the heartbeat. ARGV[1] position, ARGV[2] lag in ms when it was sent, ARGV[3] the proven instant by the clock
 * of this Redis in ms, ARGV[4] life in ms. Reply: Redis' time in ms.
 *
 * A command can lie in a buffer for long and then be carried out: so the lag is what it is then. Where Redis' clock was
 * set back meanwhile, or another server answers, it is no less than what it was before. The first
 * PEXPIRE: after a write that needs no memory a Redis that is full allows others.
 */
const HEARTBEAT_SCRIPT = `${CLOCK}
  local lag = math.max(tonumber(ARGV[2]), now - tonumber(ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('HSET', KEYS[1], 'position', ARGV[1],
    'lagMs', string.format('%.0f', lag), 'atMs', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return now`;

interface Scripts {
  freshetHeartbeat(
    key: string,
    position: string,
    lagMs: number,
    provenAtMs: number,
    ttlMs: number,
  ): Promise<number>;
}

/** What the daemon can say of itself. */
export interface Beat {
  /** Everything up to it is applied and visible. */
  readonly position: Lsn;
  /** The newest instant of which everything committed before it is applied; by `performance.now()`. */
  readonly provenMs: number;
}

/**
 * Keeps a hash for clients: `position` (LSN as text), `lagMs` (age of the proven instant when it was written) and
 * `atMs` (when that was, by the clock of Redis). A client needs that clock alone to tell how old it has become.
 */
export class HeartbeatWriter {
  readonly key: string;
  readonly #redis: Redis & Scripts;
  /** An answer of Redis' clock, and when it was here: it was asked before. */
  #clock: { readonly redisMs: number; readonly hereMs: number } | undefined;

  constructor(redis: Redis, slot: string) {
    redis.defineCommand('freshetHeartbeat', { numberOfKeys: 1, lua: HEARTBEAT_SCRIPT });
    this.#redis = redis as Redis & Scripts;
    this.key = `${OWN_PREFIX}{${slot}}:heartbeat`;
  }

  /** One at a time. @throws RetryableError */
  async write({ position, provenMs }: Beat): Promise<void> {
    try {
      const { redisMs, hereMs } = (this.#clock ??= await this.#readClock());
      const lagMs = Math.ceil(performance.now() - provenMs);
      const provenAtMs = redisMs - Math.ceil(hereMs - provenMs);
      const now = await this.#redis.freshetHeartbeat(
        this.key,
        formatLsn(position),
        lagMs,
        provenAtMs,
        TTL_MS,
      );
      this.#clock = { redisMs: now, hereMs: performance.now() };
    } catch (error) {
      this.#clock = undefined;
      throw classifyRedisError(error);
    }
  }

  async #readClock(): Promise<{ redisMs: number; hereMs: number }> {
    const [seconds, microseconds] = await this.#redis.time();
    return {
      redisMs: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000),
      hereMs: performance.now(),
    };
  }
}
