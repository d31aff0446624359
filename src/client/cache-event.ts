/** Why a value was loaded past the cache, and not stored. */
export type BypassReason =
  /** `cache.bypass` was called. */
  | 'asked'
  /** The connection is inside a transaction whose reads are nobody else's. */
  | 'transaction'
  /** Freshet is further behind than `freshness.maxLag`, or nobody knows how far. */
  | 'behind'
  /** Redis failed, took too long, or is not asked because the circuit is open. */
  | 'redis'
  /** Another process still loads after `waitFor`. */
  | 'busy'
  /** The key holds something else, or what cannot be read even after it was removed. */
  | 'unusable';

/** What happens in a cache, as it happens. Keys are for logs and traces; as labels of metrics there are too many. */
export type CacheEvent =
  /** Served from Redis; negative: it is known that there is none. */
  | { readonly kind: 'hit'; readonly key: string; readonly isNegative: boolean }
  /** Served from Redis although its time is over or its row has changed; somebody refreshes it. */
  | { readonly kind: 'staleServed'; readonly key: string }
  | { readonly kind: 'miss'; readonly key: string }
  /** The same key is being read in this process already: shares what comes of it. */
  | { readonly kind: 'joined'; readonly key: string }
  /** Waited for another process that loads these keys. */
  | { readonly kind: 'leaseWaited'; readonly keys: readonly string[]; readonly ms: number }
  /** One call of a loader has ended well. In the background: a refresh that nobody waits for. */
  | {
      readonly kind: 'loaded';
      readonly keys: readonly string[];
      readonly ms: number;
      readonly isBackground: boolean;
    }
  | {
      readonly kind: 'loadFailed';
      readonly keys: readonly string[];
      readonly error: unknown;
      readonly isBackground: boolean;
    }
  /** Too many loads at once while Redis is away. */
  | { readonly kind: 'loadRefused'; readonly keys: readonly string[] }
  | { readonly kind: 'filled'; readonly key: string; readonly isNegative: boolean }
  /** The codec could not encode what was loaded: the reader gets the error. */
  | { readonly kind: 'encodeFailed'; readonly key: string; readonly error: unknown }
  /** The row changed while it was being loaded, or the load took longer than the lease: not stored. */
  | { readonly kind: 'fillRefused'; readonly key: string }
  | { readonly kind: 'bypassed'; readonly keys: readonly string[]; readonly reason: BypassReason }
  /** The key holds what is no entry (a list, another hash): left alone. */
  | { readonly kind: 'foreign'; readonly key: string }
  /** The codec could not read the payload: removed. */
  | { readonly kind: 'brokenPayload'; readonly key: string; readonly error: unknown }
  | { readonly kind: 'redisFailed'; readonly error: unknown }
  | { readonly kind: 'circuitOpened' }
  | { readonly kind: 'circuitClosed' };
