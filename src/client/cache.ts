import type { Background } from './background.ts';
import { type Duration, toMsOrOff } from './duration.ts';
import type { HeartbeatReader } from './heartbeat-reader.ts';
import type { LeaseCommands } from './lease-commands.ts';
import { lendView } from './lend-view.ts';
import type { KeysLoader } from './load-request.ts';
import { loadedBy } from './loaded-by.ts';
import type { CacheStats, Observer } from './observer.ts';
import { type KeepOptions, type ReadOptions, readSettings } from './read-options.ts';
import type { ReadThrough } from './read-through.ts';
import type { TimeSource } from './time-source.ts';
import { waitForPosition } from './wait-for-position.ts';

/** What a loader is told. */
export interface LoadContext {
  readonly key: string;
  /** Aborted when nobody waits any more: see `loadTimeout`. */
  readonly signal: AbortSignal;
}

/** Reads one value from the database; null or undefined where there is none. */
export type Loader<T> = (context: LoadContext) => Promise<T> | T;

/** Reads several, and names each as it was asked for, no others; what has no value is left out, or null. */
export type ManyLoader<T> = (
  keys: readonly string[],
  context: Omit<LoadContext, 'key'>,
) => Promise<ReadonlyMap<string, T>>;

/** Redis does not tell one kind of nothing from another: both are undefined, after a hit and after a miss. */
export type Value<T> = T extends null | undefined ? undefined : T;

export interface CacheParts {
  readonly defaults: KeepOptions;
  readonly reader: ReadThrough;
  readonly commands: LeaseCommands;
  readonly heartbeat: HeartbeatReader;
  readonly background: Background;
  readonly observer: Observer;
  readonly time: TimeSource;
}

/** Reads through Redis that never store what is older than the last invalidation. `createCache` makes one. */
export class Cache implements AsyncDisposable {
  readonly #parts: CacheParts;

  constructor(parts: CacheParts) {
    this.#parts = parts;
  }

  /**
   * The value of a key: from Redis, or loaded, by one reader of all processes, and stored.
   * @throws what the loader throws; LoadTimeoutError; LoadRefusedError while Redis is away
   */
  async get<T>(
    key: string,
    load: Loader<T>,
    options: ReadOptions<NoInfer<NonNullable<T>>> = {},
  ): Promise<Value<T>> {
    const loadOne: KeysLoader = async (_, signal) => new Map([[key, await load({ key, signal })]]);
    const values = await this.#read([key], loadOne, options as ReadOptions);
    return values.get(key) as Value<T>;
  }

  /**
   * The values of many keys, those that are missing loaded at once. Keys without a value are not in the result.
   * @throws as `get` does; TypeError where the loader returns no Map, or one with a key that it was not given
   */
  async getMany<T>(
    keys: readonly string[],
    load: ManyLoader<T>,
    options: ReadOptions<NoInfer<NonNullable<T>>> = {},
  ): Promise<Map<string, NonNullable<T>>> {
    const loadMany: KeysLoader = async (missing, signal) =>
      loadedBy(await load(missing, { signal }), missing);
    const values = await this.#read(keys, loadMany, options as ReadOptions);
    const found = [...values].filter(([, value]) => value !== undefined);
    return new Map(found as [string, NonNullable<T>][]);
  }

  /** Straight from the database, for decisions that must be right. */
  async bypass<T>(load: () => Promise<T>): Promise<T> {
    this.#parts.observer.report({ kind: 'bypassed', keys: [], reason: 'asked' });
    return load();
  }

  /**
   * Deletes keys now, after your own COMMIT, instead of when Freshet comes to it.
   * @returns whether Redis has confirmed it; if not, Freshet still will
   */
  async delete(...keys: readonly string[]): Promise<boolean> {
    this.#parts.reader.forget(keys);
    return this.#parts.commands.remove(keys);
  }

  /**
   * Waits until Freshet has applied a position (`lastCommitLsn`), at most for `timeout`, 1 s; 0 looks once.
   * @returns `bypass`: it has not, or nobody knows; read what you have written with `bypass`
   */
  async waitFor(
    lsn: string,
    { timeout = 1_000 }: { timeout?: Duration } = {},
  ): Promise<'applied' | 'bypass'> {
    const { heartbeat, reader, time } = this.#parts;
    const outcome = await waitForPosition(lsn, toMsOrOff('timeout', timeout), heartbeat, time);
    if (outcome === 'applied') reader.forget();
    return outcome;
  }

  stats(): CacheStats {
    return this.#parts.observer.stats();
  }

  /** Until all that goes on in the background has ended. The Redis client is yours to close, afterwards. */
  async drain(): Promise<void> {
    await this.#parts.background.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #read(
    keys: readonly string[],
    load: KeysLoader,
    options: ReadOptions,
  ): Promise<ReadonlyMap<string, unknown>> {
    const { reader, defaults } = this.#parts;
    const settings = readSettings(options, defaults);
    const { connection } = options;
    const view = connection && (await lendView(connection));
    const results =
      view === 'own' ? reader.readPast(keys, load, settings) : reader.read(keys, load, settings, view);
    const values = await Promise.all(results.values());
    return new Map([...results.keys()].map((key, position) => [key, values[position]]));
  }
}
