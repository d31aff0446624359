import type { Call } from './calls.ts';
import type { ReadSettings } from './read-options.ts';

/** Loads keys at once; a key that is missing in the result, or null, has no value. */
export type KeysLoader = (
  keys: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, unknown>>;

/** Of a load over a connection that is lent. */
export interface LentView {
  /** What its transaction reads is told to nobody else before it is known that the transaction has not written. */
  readonly isInTransaction: boolean;
  /** Asked after the load: whether it has read what everybody sees. Never throws. */
  readonly isShared: () => Promise<boolean>;
}

/** Keys that are being read: who waits for each, and how they are loaded. */
export interface LoadRequest {
  readonly calls: ReadonlyMap<string, Call>;
  readonly load: KeysLoader;
  readonly settings: ReadSettings;
  readonly view: LentView | undefined;
}
