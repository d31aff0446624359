import type { TestRule } from '../../integration/rule-text.ts';
import type { RowChange } from './history.ts';
import type { StoredRow, TableState } from './stored-row.ts';

/** What a key holds: a string, or the fields of a hash. */
export type Content = string | Readonly<Record<string, string>>;

/** The identity of a table's rows, by what an old row tells: the id, the id and the status, or everything. */
export type Identity = 'default' | 'index' | 'full';

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
  /** Keys that Freshet itself must have written, and that nothing has removed since; none where only readers fill. */
  writtenKeys(changes: readonly RowChange[], identities: readonly [Identity, Identity]): ReadonlySet<string>;
}
