import type { RowChange } from './history.ts';
import { type Identity, isTold } from './identity.ts';
import { columnsOf, type KeyShape, keyOf } from './key-shape.ts';
import type { TableIndex } from './stored-row.ts';

export interface ReadingRule {
  readonly table: TableIndex;
  readonly shape: KeyShape;
  /** A key that a row has left is read again for the others that it may have; else it is removed. */
  readonly readsLeftKeys: boolean;
}

/** The keys that a rule must have read since it last purged all of its own, if it reads also what is not cached. */
export function readKeys(
  changes: readonly RowChange[],
  { table, shape, readsLeftKeys }: ReadingRule,
  identities: readonly [Identity, Identity],
): ReadonlySet<string> {
  const isKeyTold = isTold(columnsOf(shape), identities[table]);
  const read = new Set<string>();
  for (const change of changes) {
    if (change.table !== table) continue;
    if (change.kind === 'truncate' || (change.kind !== 'insert' && !isKeyTold)) {
      read.clear();
      continue;
    }
    const left = 'before' in change ? keyOf(shape, change.before) : undefined;
    const entered = 'after' in change ? keyOf(shape, change.after) : undefined;
    if (left !== undefined && readsLeftKeys) read.add(left);
    if (left !== undefined && !readsLeftKeys) read.delete(left);
    if (entered !== undefined) read.add(entered);
  }
  return read;
}
