import type { Call } from './calls.ts';
import type { ReadSettings } from './read-options.ts';

/** Loads keys at once; a key that is missing in the result, or null, has no value. */
export type KeysLoader = (
  keys: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, unknown>>;

/** Keys that are being read: who waits for each, and how they are loaded. */
export interface LoadRequest {
  readonly calls: ReadonlyMap<string, Call>;
  readonly load: KeysLoader;
  readonly settings: ReadSettings;
}
