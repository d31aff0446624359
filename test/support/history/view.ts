import type { TestRule } from '../../integration/rule-text.ts';
import type { RowChange } from './history.ts';
import type { Identity } from './identity.ts';
import type { StoredRow, TableState } from './stored-row.ts';

/** What a key holds: a string, the fields of a hash, or the scores of a sorted set's members. */
export type Content = string | Readonly<Record<string, string>> | Map<string, string>;

/**
 * Keys of one family with rules that keep them right, whatever happens to the rows: their value follows from the tables
 * alone, and the rules are told of everything that it depends on.
 */
export interface View {
  readonly rules: readonly TestRule[];
  /** The keys that the rows of either table are under. */
  keysOf(rows: readonly StoredRow[]): readonly string[];
  /** Of one of the keys: what it should hold; undefined is that it must not exist. */
  contentOf(key: string, state: TableState): Content | undefined;
  /** Keys that Freshet must have written if they should exist, and that nothing has removed since. */
  readonly writtenKeys?: (
    changes: readonly RowChange[],
    identities: readonly [Identity, Identity],
  ) => ReadonlySet<string>;
  /** The set in which the application notes a key that it caches, for rules that purge by tag. */
  readonly tagOf?: (key: string) => string;
  /** Where it is told that the content of a key has changed. Then Redis does not hold the keys themselves. */
  readonly stream?: string;
}
