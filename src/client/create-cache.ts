import { Background } from './background.ts';
import { Cache } from './cache.ts';
import type { CacheEvent } from './cache-event.ts';
import { Circuit } from './circuit.ts';
import { type Duration, LONGEST_TIMER_MS, toMs } from './duration.ts';
import { Filler } from './filler.ts';
import { Freshness, LONGEST_LAG_MS } from './freshness.ts';
import { GuardedRedis } from './guarded-redis.ts';
import { HeartbeatReader } from './heartbeat-reader.ts';
import { KeyLookup } from './key-lookup.ts';
import { LeaseCommands } from './lease-commands.ts';
import { LoadLimiter } from './load-limiter.ts';
import { Observer } from './observer.ts';
import type { KeepOptions } from './read-options.ts';
import { ReadThrough } from './read-through.ts';
import type { RedisPort } from './redis-port.ts';
import { SYSTEM_TIME, type TimeSource } from './time-source.ts';

export interface CacheOptions {
  /** `fromIoredis(redis)` or `fromNodeRedis(client)`. */
  readonly redis: RedisPort;
  /** Before every key and tag; rules must write it too, for they name whole keys. Empty */
  readonly prefix?: string | undefined;
  /** Freshet's setting `postgres.slot`, by which its heartbeat is found. freshet */
  readonly slot?: string | undefined;
  /** For every read that does not say otherwise. */
  readonly defaults?: KeepOptions | undefined;
  /** Told everything that happens; what it throws is ignored. */
  readonly onEvent?: ((event: CacheEvent) => void) | undefined;
  /** How long Redis may say nothing before a read goes to the database. 100 ms */
  readonly redisTimeout?: Duration | undefined;
  /** After so many failures in a row (5) Redis is not asked for a while (1 s); then one read tries it again. */
  readonly circuit?:
    | { readonly failures?: number | undefined; readonly pause?: Duration | undefined }
    | undefined;
  /** What the database is given while the cache is away: loads at once (20), waiting (200), and how long (1 s). */
  readonly fallback?:
    | {
        readonly concurrency?: number | undefined;
        readonly queue?: number | undefined;
        readonly queueTimeout?: Duration | undefined;
      }
    | undefined;
  /** What to do where Freshet is further behind than `maxLag`, a day at most. Without it, nobody looks. */
  readonly freshness?: { readonly maxLag: Duration; readonly policy: 'bypass' | 'shorten' } | undefined;
  /** @internal */
  readonly time?: TimeSource | undefined;
}

/** @throws TypeError where an option cannot be used */
export function createCache(options: CacheOptions): Cache {
  const { redis: port, time = SYSTEM_TIME, circuit = {}, fallback = {}, freshness: bound } = options;
  const observer = new Observer(options.onEvent);
  const background = new Background();
  const redis = new GuardedRedis(
    port,
    toMs('redisTimeout', options.redisTimeout ?? 100, LONGEST_TIMER_MS),
    new Circuit(
      {
        failures: count('circuit.failures', circuit.failures ?? 5),
        pauseMs: toMs('circuit.pause', circuit.pause ?? 1_000),
      },
      time.now,
      (isOpen) => observer.report({ kind: isOpen ? 'circuitOpened' : 'circuitClosed' }),
    ),
    observer,
  );
  const commands = new LeaseCommands(redis, {
    prefix: options.prefix ?? '',
    slot: options.slot ?? 'freshet',
  });
  const heartbeat = new HeartbeatReader(commands);
  const freshness = new Freshness(
    bound && { maxLagMs: toMs('freshness.maxLag', bound.maxLag, LONGEST_LAG_MS), policy: policyOf(bound) },
    heartbeat,
    background,
    time,
  );
  const limiter = new LoadLimiter({
    concurrency: count('fallback.concurrency', fallback.concurrency ?? 20),
    queue: count('fallback.queue', fallback.queue ?? 200),
    queueMs: toMs('fallback.queueTimeout', fallback.queueTimeout ?? 1_000, LONGEST_TIMER_MS),
  });
  const filler = new Filler({ commands, freshness, limiter, observer, time });
  const lookup = new KeyLookup(commands, observer, time.random);
  const reader = new ReadThrough({ lookup, filler, freshness, background, observer, time });
  return new Cache({
    defaults: options.defaults ?? {},
    reader,
    commands,
    heartbeat,
    background,
    observer,
    time,
  });
}

/** Who writes no types, and writes it wrongly, would be given no bound at all. */
function policyOf({ policy }: { readonly policy: 'bypass' | 'shorten' }): 'bypass' | 'shorten' {
  if (policy === 'bypass' || policy === 'shorten') return policy;
  throw new TypeError(`freshness.policy: ${JSON.stringify(policy)} is neither 'bypass' nor 'shorten'`);
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TypeError(`${name}: ${value} is not a number of times: 1 or more`);
}
