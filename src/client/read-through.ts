import type { Background } from './background.ts';
import { Call, Calls } from './calls.ts';
import type { Filler } from './filler.ts';
import type { Freshness } from './freshness.ts';
import { inRoundTrips } from './in-round-trips.ts';
import type { KeyLookup, Lookup } from './key-lookup.ts';
import type { KeysLoader, LentView, LoadRequest } from './load-request.ts';
import type { Observer } from './observer.ts';
import { Patience } from './patience.ts';
import type { ReadSettings } from './read-options.ts';
import type { TimeSource } from './time-source.ts';

interface Parts {
  readonly lookup: KeyLookup;
  readonly filler: Filler;
  readonly freshness: Freshness;
  readonly background: Background;
  readonly observer: Observer;
  readonly time: TimeSource;
}

type Found = Lookup & { readonly key: string };

/**
 * The protocol, for one key and for many:
 *
 *     look up --hit-------> answer; where the lease came with it, load and fill as well, behind the caller's back
 *      ^   |-----leased---> load, fill, answer
 *      |   |-----unleased-> load, answer
 *      |   '-----busy-----> pause; when patience is over: load, answer
 *      '----------------------'
 *
 * All keys of one look share a round trip, and those that are loaded after it one load.
 */
export class ReadThrough {
  readonly #parts: Parts;
  readonly #calls = new Calls();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Begins to read, or joins who does already. @returns what comes of each key, undefined where it has no value */
  read(
    keys: readonly string[],
    load: KeysLoader,
    settings: ReadSettings,
    view?: LentView,
  ): ReadonlyMap<string, Promise<unknown>> {
    const results = new Map<string, Promise<unknown>>();
    const calls = new Map<string, Call>();
    for (const key of new Set(keys)) {
      const name = nameOf(key, settings.acceptStale);
      const underWay = this.#calls.find(name);
      const call = underWay ?? (view?.isInTransaction ? new Call() : this.#calls.open(name));
      if (underWay === undefined) calls.set(key, call);
      else this.#parts.observer.report({ kind: 'joined', key });
      results.set(key, call.result);
    }
    const request = { calls, load, settings, view };
    if (calls.size > 0) this.#parts.background.add(this.#serve(request).catch(rejectAll(calls)));
    return results;
  }

  /** Loads for this caller alone, who sees what others do not: nothing is read from Redis, shared or stored. */
  readPast(
    keys: readonly string[],
    load: KeysLoader,
    settings: ReadSettings,
  ): ReadonlyMap<string, Promise<unknown>> {
    const calls = new Map(keys.map((key) => [key, new Call()]));
    const { background, filler } = this.#parts;
    const request = { calls, load, settings, view: undefined };
    if (calls.size > 0) {
      background.add(filler.loadOnly([...calls.keys()], 'transaction', request));
    }
    return new Map([...calls].map(([key, call]) => [key, call.result]));
  }

  /** Reads of these keys, or of all, that begin from now on join none that has begun before. */
  forget(keys?: readonly string[]): void {
    if (keys === undefined) return this.#calls.forgetAll();
    for (const key of keys) {
      for (const acceptStale of [true, false]) this.#calls.forget(nameOf(key, acceptStale));
    }
  }

  async #serve(request: LoadRequest): Promise<void> {
    const { filler, freshness, background, observer, time } = this.#parts;
    const { calls, settings } = request;
    let wanted: readonly string[] = [...calls.keys()];
    if (await freshness.mustGoAround()) return filler.loadOnly(wanted, 'behind', request);

    const patience = new Patience(Math.min(settings.waitForMs, settings.leaseMs), time);
    let waiting: readonly string[] | undefined;
    do {
      const found = await this.#lookUp(wanted, settings);
      if (waiting === undefined) this.#reportFirst(found);
      for (const each of found) if (each.kind === 'hit') calls.get(each.key)?.resolve(each.value);

      const leases = found.flatMap((each) => ('lease' in each ? each.lease : []));
      if (leases.length > 0) background.add(filler.loadAndFill(leases, request));
      for (const reason of ['redis', 'unusable'] as const) {
        const keys = keysOf(found, (each) => each.kind === 'unleased' && each.reason === reason);
        if (keys.length > 0) background.add(filler.loadOnly(keys, reason, request));
      }
      wanted = keysOf(found, ({ kind }) => kind === 'busy');
      waiting ??= wanted;
    } while (wanted.length > 0 && (await patience.pause()));

    if (waiting.length > 0) observer.report({ kind: 'leaseWaited', keys: waiting, ms: patience.waitedMs });
    if (wanted.length > 0) await filler.loadOnly(wanted, 'busy', request);
  }

  async #lookUp(keys: readonly string[], settings: ReadSettings): Promise<readonly Found[]> {
    return inRoundTrips(keys, async (key) => ({ key, ...(await this.#parts.lookup.lookUp(key, settings)) }));
  }

  #reportFirst(found: readonly Found[]): void {
    const { observer } = this.#parts;
    for (const each of found) {
      const { key, kind } = each;
      if (kind === 'leased' || kind === 'busy') observer.report({ kind: 'miss', key });
      else if (kind === 'hit' && each.isStale) observer.report({ kind: 'staleServed', key });
      else if (kind === 'hit') observer.report({ kind, key, isNegative: each.value === undefined });
    }
  }
}

/** What an option throws that is a function of the key. */
function rejectAll(calls: LoadRequest['calls']): (error: unknown) => void {
  return (error) => {
    for (const call of calls.values()) call.reject(error);
  };
}

/** Who accepts a stale value does not answer for who does not. */
function nameOf(key: string, acceptStale: boolean): string {
  return acceptStale ? `any ${key}` : `new ${key}`;
}

function keysOf(found: readonly Found[], is: (each: Found) => boolean): readonly string[] {
  return found.filter(is).map(({ key }) => key);
}
