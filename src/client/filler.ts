import type { BypassReason } from './cache-event.ts';
import type { Codec } from './codec.ts';
import type { Freshness } from './freshness.ts';
import { inRoundTrips } from './in-round-trips.ts';
import type { Lease, LeaseCommands } from './lease-commands.ts';
import { lifetimeOf, longestLifeMs } from './lifetime.ts';
import { type LoadLimiter, LoadRefusedError } from './load-limiter.ts';
import type { LoadRequest } from './load-request.ts';
import type { Observer } from './observer.ts';
import type { ReadSettings } from './read-options.ts';
import { runLoad } from './run-load.ts';
import type { TimeSource } from './time-source.ts';

interface Parts {
  readonly commands: LeaseCommands;
  readonly freshness: Freshness;
  readonly limiter: LoadLimiter;
  readonly observer: Observer;
  readonly time: TimeSource;
}

interface Loaded {
  readonly values: ReadonlyMap<string, unknown>;
  readonly costMs: number;
}

/** The cache does not stand before the database then, for any key. */
const LIMITED: ReadonlySet<BypassReason> = new Set(['redis', 'behind']);

/** Loads values, answers who waits for them, and stores what was loaded under a lease. Its methods never throw. */
export class Filler {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** All leases were granted before: only what is read from now on may be stored under them. */
  async loadAndFill(leases: readonly Lease[], request: LoadRequest): Promise<void> {
    const { commands, observer } = this.#parts;
    const { calls, settings } = request;
    const keys = leases.map(({ key }) => key);
    const isBackground = keys.every((key) => calls.get(key)?.isSettled);
    try {
      const registered = await this.#registerTags(leases, settings);
      const { values, costMs } = await this.#load(keys, request, isBackground);
      const isShared = request.view === undefined || (await request.view.isShared());
      if (!isShared) observer.report({ kind: 'bypassed', keys, reason: 'transaction' });
      await inRoundTrips(leases, async (lease) => {
        const value = values.get(lease.key) ?? undefined;
        if (!isShared) await commands.release(lease);
        else if (registered.has(lease)) await this.#fill(lease, value, costMs, request);
        calls.get(lease.key)?.resolve(value);
      });
    } catch (error) {
      observer.report({ kind: 'loadFailed', keys, error, isBackground });
      for (const key of keys) calls.get(key)?.reject(error);
      await inRoundTrips(leases, async (lease) => commands.release(lease));
    }
  }

  /** Loads what cannot be stored. */
  async loadOnly(keys: readonly string[], reason: BypassReason, request: LoadRequest): Promise<void> {
    const { limiter, observer } = this.#parts;
    observer.report({ kind: 'bypassed', keys, reason });
    const load = (): Promise<Loaded> => this.#load(keys, request, false);
    try {
      const { values } = await (LIMITED.has(reason) ? limiter.run(load) : load());
      for (const key of keys) request.calls.get(key)?.resolve(values.get(key) ?? undefined);
    } catch (error) {
      if (error instanceof LoadRefusedError) observer.report({ kind: 'loadRefused', keys });
      else observer.report({ kind: 'loadFailed', keys, error, isBackground: false });
      for (const key of keys) request.calls.get(key)?.reject(error);
    }
  }

  async #load(
    keys: readonly string[],
    { load, settings }: LoadRequest,
    isBackground: boolean,
  ): Promise<Loaded> {
    const { observer, time } = this.#parts;
    const startMs = time.now();
    const values = await runLoad((signal) => load(keys, signal), settings.loadTimeoutMs);
    const costMs = time.now() - startMs;
    observer.report({ kind: 'loaded', keys, ms: costMs, isBackground });
    return { values, costMs };
  }

  /**
   * Between the lease and the load: a tag that is purged earlier was purged for a change that the load sees; one that is
   * purged later names the key, and takes the lease with it. What cannot be registered is not stored.
   *
   * @returns the leases whose keys are in all of their tags
   */
  async #registerTags(leases: readonly Lease[], settings: ReadSettings): Promise<ReadonlySet<Lease>> {
    const { commands } = this.#parts;
    const lifeMs = longestLifeMs(settings);
    const registered = new Set<Lease>();
    await inRoundTrips(leases, async (lease) => {
      if (await commands.tag(lease, lifeMs)) registered.add(lease);
      else await commands.release(lease);
    });
    return registered;
  }

  /** What the codec cannot encode is the reader's error too: it would be loaded again and again, without a word. */
  async #fill(lease: Lease, value: unknown, costMs: number, { calls, settings }: LoadRequest): Promise<void> {
    const { commands, freshness, observer, time } = this.#parts;
    const { key } = lease;
    const isNegative = value === undefined;
    if (isNegative && settings.negativeTtlMs === undefined) return commands.release(lease);
    let payload: string | undefined;
    try {
      payload = isNegative ? undefined : encode(value, settings.codec);
    } catch (error) {
      observer.report({ kind: 'encodeFailed', key, error });
      calls.get(key)?.reject(error);
      return commands.release(lease);
    }
    const lifetime = lifetimeOf(settings, isNegative, await freshness.longestLifeMs(), time.random);
    const isStored = await commands.fill(lease, lifetime, costMs, payload);
    if (isStored === undefined) return;
    observer.report(isStored ? { kind: 'filled', key, isNegative } : { kind: 'fillRefused', key });
  }
}

/** @throws TypeError where a codec breaks its word: Redis would be told that there is no value */
function encode(value: unknown, codec: Codec<unknown>): string {
  const payload: unknown = codec.encode(value);
  if (typeof payload === 'string') return payload;
  throw new TypeError(`the codec has encoded a value as ${typeof payload}: it must return a string`);
}
