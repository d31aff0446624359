import type { CacheKey, Effect, KeyEffect } from './effect.ts';
import type { Lsn } from './lsn.ts';
import type { Commits } from './transaction.ts';

/** Effects coalesced by key, and the position that they settle. */
export interface Batch {
  readonly keys: ReadonlyMap<CacheKey, KeyEffect>;
  /** By pattern. */
  readonly purges: ReadonlyMap<string, Extract<Effect, { kind: 'purge' }>>;
  /** One for each destination and subject. */
  readonly messages: ReadonlyMap<string, Extract<Effect, { kind: 'publish' }>>;
  /** One for each query and its values. */
  readonly fanOuts: ReadonlyMap<string, Extract<Effect, { kind: 'fanOut' }>>;
  /** Some effect is more than a removal, and so may be applied only once and in the order of the stream. */
  readonly isOrdered: boolean;
  /** Of every transaction with an effect in here; its changes count only once all of these are visible. */
  readonly commits: Commits;
  /** Commit end LSN up to which all is in this batch or an earlier one; undefined within a large transaction. */
  readonly position: Lsn | undefined;
  /** Of the first transaction in the batch, milliseconds since 1970; undefined where no transaction is in it. */
  readonly oldestCommitMs: number | undefined;
  /** Estimate of the memory that the effects take. */
  readonly bytes: number;
}

/** Nothing to apply: the batch only moves the position. */
export function isEmpty(batch: Batch): boolean {
  const { keys, purges, messages, fanOuts } = batch;
  return keys.size + purges.size + messages.size + fanOuts.size === 0;
}
