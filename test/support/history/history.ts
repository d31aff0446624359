import * as fc from 'fast-check';
import {
  COLUMN_NAMES,
  type ColumnName,
  type StoredRow,
  TABLE_INDEXES,
  type TableIndex,
  type TableState,
} from './stored-row.ts';

/** What somebody tries to do; what becomes of it depends on the rows that are there. */
export type Attempt =
  /** Inserts the row; where its id is taken, sets the columns that are named. */
  | {
      readonly kind: 'put';
      readonly table: TableIndex;
      readonly row: StoredRow;
      readonly set: readonly ColumnName[];
    }
  /** Gives a row another id. */
  | { readonly kind: 'move'; readonly table: TableIndex; readonly id: string; readonly to: string }
  | { readonly kind: 'remove'; readonly table: TableIndex; readonly id: string }
  | { readonly kind: 'truncate'; readonly table: TableIndex };

export type RowChange =
  | { readonly kind: 'insert'; readonly table: TableIndex; readonly after: StoredRow }
  | {
      readonly kind: 'update';
      readonly table: TableIndex;
      readonly before: StoredRow;
      readonly after: StoredRow;
    }
  | { readonly kind: 'delete'; readonly table: TableIndex; readonly before: StoredRow }
  | { readonly kind: 'truncate'; readonly table: TableIndex };

export interface CommittedTransaction {
  readonly changes: readonly RowChange[];
  /** The tables after it. */
  readonly state: TableState;
}

/** Few ids and values, so that rows meet: reused ids, keys that change hands, values that come back. */
const id = fc.constantFrom('1', '2', '3', '4');
const table = fc.constantFrom(...TABLE_INDEXES);
const row: fc.Arbitrary<StoredRow> = fc.record({
  id,
  // Glob characters and hash tags are text like any other.
  slug: fc.constantFrom('a', 'b', '*', '{x}[y', null),
  grp: fc.constantFrom('1', '2', null),
  status: fc.constantFrom('live', 'dead'),
  price: fc.constantFrom('3', '5', '9', null),
  body: fc.constantFrom('L1', 'L2', 'short', '', null),
});

const attempt: fc.Arbitrary<Attempt> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('put'),
      table,
      row,
      set: fc.subarray(COLUMN_NAMES.filter((name) => name !== 'id')),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move'), table, id, to: id }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove'), table, id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate'), table }) },
);

/** Transactions, each a list of attempts. Without `size` most would be far shorter. */
export const attempts: fc.Arbitrary<readonly (readonly Attempt[])[]> = fc.array(
  fc.array(attempt, { minLength: 1, maxLength: 5, size: 'max' }),
  { minLength: 1, maxLength: 12, size: 'max' },
);

export const EMPTY_TABLES: TableState = [[], []];

/** Plays the attempts on empty tables. An attempt that comes to nothing is no change. */
export function historyOf(transactions: readonly (readonly Attempt[])[]): readonly CommittedTransaction[] {
  let state = EMPTY_TABLES;
  return transactions.map((tried) => {
    const changes: RowChange[] = [];
    for (const each of tried) {
      const change = changeOf(each, state[each.table]);
      if (change === undefined) continue;
      changes.push(change);
      state = afterChange(state, change);
    }
    return { changes, state };
  });
}

function changeOf(tried: Attempt, rows: readonly StoredRow[]): RowChange | undefined {
  const { table: of } = tried;
  const find = (wanted: string | null) => rows.find((each) => each.id === wanted);
  switch (tried.kind) {
    case 'put': {
      const before = find(tried.row.id);
      if (before === undefined) {
        return { kind: 'insert', table: of, after: withFreeSlug(tried.row, rows) };
      }
      const set = Object.fromEntries(tried.set.map((name) => [name, tried.row[name]]));
      const others = rows.filter((each) => each !== before);
      return { kind: 'update', table: of, before, after: withFreeSlug({ ...before, ...set }, others) };
    }
    case 'move': {
      const before = find(tried.id);
      if (before === undefined || find(tried.to) !== undefined) return undefined;
      return { kind: 'update', table: of, before, after: { ...before, id: tried.to } };
    }
    case 'remove': {
      const before = find(tried.id);
      return before === undefined ? undefined : { kind: 'delete', table: of, before };
    }
    case 'truncate':
      return { kind: 'truncate', table: of };
  }
}

/** The unique constraint would refuse one that is taken. */
function withFreeSlug(wanted: StoredRow, others: readonly StoredRow[]): StoredRow {
  return others.some(({ slug }) => slug === wanted.slug) ? { ...wanted, slug: null } : wanted;
}

function afterChange(state: TableState, change: RowChange): TableState {
  const rows = state[change.table];
  const kept =
    change.kind === 'truncate'
      ? []
      : rows.filter((each) => !('before' in change) || each.id !== change.before.id);
  const now = 'after' in change ? [...kept, change.after] : kept;
  return change.table === 0 ? [now, state[1]] : [state[0], now];
}
