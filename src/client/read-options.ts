import { LONGEST_LEASE_MS } from '../lease/lease-scripts.ts';
import { type Codec, JSON_CODEC } from './codec.ts';
import { type Duration, LONGEST_TIMER_MS, toMs, toMsOrOff } from './duration.ts';
import type { PgConnection } from './pg-connection.ts';

/** How values are kept and served: of one read, or of all (`defaults`). */
export interface KeepOptions<T = unknown> {
  /** For how long a value is fresh. No default: every key gets an end, and you know which. */
  readonly ttl?: Duration | undefined;
  /** Part by which `ttl` is made longer or shorter by chance, so that keys do not end together. 0.1 */
  readonly jitter?: number | undefined;
  /** For how long after `ttl` a value is still served, while one reader refreshes it in the background. 0: not at all */
  readonly staleFor?: Duration | undefined;
  /** For how long "there is no such row" is kept. 0: it is not */
  readonly negativeTtl?: Duration | undefined;
  /** Keys of the tags under which the key is to be found, for the action `purgeTag`. */
  readonly tags?: readonly string[] | ((key: string) => readonly string[]) | undefined;
  /** XFetch's beta: more refreshes earlier before the end, `false` never. 1 */
  readonly earlyRefresh?: number | false | undefined;
  /** `false`: waits for the new value instead of taking one that is marked stale. true */
  readonly acceptStale?: boolean | undefined;
  /** JSON, unless another. */
  readonly codec?: Codec<T> | undefined;
  /** How long one loader keeps others out; a load that takes longer is not stored. 5 s, 60 s at most */
  readonly lease?: Duration | undefined;
  /** How long to wait for another process that loads; then this one loads too, and does not store. 0: not at all. 500 ms */
  readonly waitFor?: Duration | undefined;
  /** When a load is given up: its signal is aborted, and the read fails. 30 s */
  readonly loadTimeout?: Duration | undefined;
}

export interface ReadOptions<T = unknown> extends KeepOptions<T> {
  /** The `pg` client that the loader uses: past the cache while its transaction sees what others do not. */
  readonly connection?: PgConnection | undefined;
}

/** The options of one read with the defaults in them, in milliseconds. */
export interface ReadSettings {
  readonly ttlMs: number;
  readonly jitter: number;
  readonly staleForMs: number;
  readonly negativeTtlMs: number | undefined;
  readonly tags: (key: string) => readonly string[];
  /** 0 is off. */
  readonly beta: number;
  readonly acceptStale: boolean;
  /** Whether a refresh may go on after the caller was answered; not over a connection that is only lent. */
  readonly inBackground: boolean;
  readonly codec: Codec<unknown>;
  readonly leaseMs: number;
  readonly waitForMs: number;
  readonly loadTimeoutMs: number;
}

/** @throws TypeError, with the option's name and what it may be */
export function readSettings(options: ReadOptions, defaults: KeepOptions): ReadSettings {
  const { connection, ...own } = options;
  const given: KeepOptions = { ...defaults, ...withoutUndefined(own) };
  if (given.ttl === undefined) {
    throw new TypeError(
      "ttl is missing: give it to this read, or to all with createCache({defaults: {ttl: '1h'}}); " +
        'every key that is stored must have an end',
    );
  }
  const { tags = [], earlyRefresh = 1, codec = JSON_CODEC } = given;
  const settings: ReadSettings = {
    ttlMs: toMs('ttl', given.ttl),
    jitter: given.jitter ?? 0.1,
    staleForMs: toMsOrOff('staleFor', given.staleFor ?? 0),
    negativeTtlMs: toMsOrOff('negativeTtl', given.negativeTtl ?? 0) || undefined,
    tags: (key) => checkTags(typeof tags === 'function' ? tags(key) : tags),
    beta: earlyRefresh === false || connection !== undefined ? 0 : earlyRefresh,
    acceptStale: given.acceptStale ?? true,
    inBackground: connection === undefined,
    codec,
    leaseMs: toMs('lease', given.lease ?? 5_000, LONGEST_LEASE_MS),
    waitForMs: toMsOrOff('waitFor', given.waitFor ?? 500),
    loadTimeoutMs: toMs('loadTimeout', given.loadTimeout ?? 30_000, LONGEST_TIMER_MS),
  };
  const { jitter, beta } = settings;
  if (!(jitter >= 0 && jitter < 1)) throw new TypeError(`jitter: ${jitter} is not a part: 0 up to below 1`);
  if (!(beta >= 0 && beta < Number.POSITIVE_INFINITY)) {
    throw new TypeError(`earlyRefresh: ${beta} is not a factor: false, or a number from 0, 1 as a rule`);
  }
  return settings;
}

/** An entry names its tags a line each. */
function checkTags(tags: readonly string[]): readonly string[] {
  const broken = tags.find((tag) => tag.includes('\n'));
  if (broken === undefined) return tags;
  throw new TypeError(`tags: ${JSON.stringify(broken)} has a line feed`);
}

/** An option that is undefined is one that was not given: the default holds. */
function withoutUndefined(options: KeepOptions): KeepOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
