import type { Protocol } from './protocol.ts';

export interface Found {
  /** Neither marked stale nor absent. */
  readonly isFresh: boolean;
  readonly lease: string | undefined;
}

/** Redis with one key: an entry of the lease protocol, without its clock; and what the rules that are refuted need. */
export class ModelCache {
  readonly #protocol: Protocol;
  #value: string | undefined;
  #isStale = false;
  #lease: string | undefined;
  #grants = 0;
  /** Up to which LSN the key was invalidated; of the LSN rule. */
  #tombstone = 0;
  /** Fills, by whether they were stored. */
  readonly fills = { stored: 0, refused: 0 };

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** @param isEarly refreshes a fresh value as well, before its time is over (XFetch) */
  get(nonce: string, isEarly: boolean): Found {
    const isFresh = this.fresh !== undefined;
    if ((isFresh && !isEarly) || this.#lease !== undefined) return { isFresh, lease: undefined };
    this.#lease = this.#protocol.tokens === 'of Redis' ? `${nonce}:${++this.#grants}` : nonce;
    return { isFresh, lease: this.#lease };
  }

  /** @param lsn read by the filler before its snapshot */
  set(lease: string | undefined, lsn: number, value: string): void {
    const { fills } = this.#protocol;
    const mayStore =
      fills === 'under a lease' ? this.#lease === lease : fills === 'always' || lsn >= this.#tombstone;
    this.fills[mayStore ? 'stored' : 'refused']++;
    if (!mayStore) return;
    this.#value = value;
    this.#isStale = false;
    this.#lease = undefined;
  }

  /** What the daemon does for a commit. */
  invalidate(lsn: number): void {
    this.#tombstone = Math.max(this.#tombstone, lsn);
    this.#lease = undefined;
    if (this.#protocol.invalidation === 'delete') this.#value = undefined;
    this.#isStale = true;
  }

  /** Eviction, expiry, FLUSHALL, a person's DEL. */
  remove(): void {
    this.#value = undefined;
    this.#lease = undefined;
  }

  /** Its deadline has come, and the next reader may have one. */
  endLease(): void {
    this.#lease = undefined;
  }

  /** What readers take for the truth; a value that is marked stale claims nothing, and ends by itself. */
  get fresh(): string | undefined {
    return this.#isStale ? undefined : this.#value;
  }
}
