import type { Lsn } from '../../../src/domain/lsn.ts';
import type { Table } from '../../../src/domain/table.ts';
import * as pgoutput from '../../fixtures/pgoutput/encode.ts';
import type { CommittedTransaction, RowChange } from './history.ts';
import { type Identity, isTold } from './identity.ts';
import { COLUMN_NAMES, COLUMN_TYPES, isLarge, type StoredRow, type TableIndex } from './stored-row.ts';

export const TABLE_NAMES = ['things', 'parts'] as const;

export function tableOf(index: TableIndex, identity: Identity): Table {
  const columns = COLUMN_NAMES.map((name) => ({
    name,
    typeOid: COLUMN_TYPES[name],
    inIdentity: isTold([name], identity),
  }));
  return { oid: 16_400 + index, schema: 'public', name: TABLE_NAMES[index], identity, columns };
}

/** What one connection is sent: the description of a table comes before its first change. */
export class Wire {
  readonly #tables: readonly [Table, Table];
  readonly #described = new Set<Table>();

  constructor(tables: readonly [Table, Table]) {
    this.#tables = tables;
  }

  *transaction(
    { changes }: CommittedTransaction,
    xid: number,
    commitLsn: Lsn,
    endLsn: Lsn,
  ): Generator<Buffer> {
    yield pgoutput.begin({ xid, commitLsn });
    for (const change of changes) {
      const table = this.#tables[change.table];
      if (!this.#described.has(table)) yield pgoutput.relation(table);
      this.#described.add(table);
      yield payloadOf(change, table);
    }
    yield pgoutput.commit(endLsn);
  }
}

function payloadOf(change: RowChange, table: Table): Buffer {
  switch (change.kind) {
    case 'insert':
      return pgoutput.insert(table, valuesOf(change.after));
    case 'update':
      return updateOf(change.before, change.after, table);
    case 'delete':
      return pgoutput.remove(table, ...oldTuple(change.before, table));
    case 'truncate':
      return pgoutput.truncate(table);
  }
}

/** An old row is sent where the identity is the whole row, or where a column of it was altered. */
function updateOf(before: StoredRow, after: StoredRow, table: Table): Buffer {
  const values = COLUMN_NAMES.map((name) =>
    isLarge(after[name]) && before[name] === after[name] ? undefined : after[name],
  );
  const isAltered = COLUMN_NAMES.some(
    (name, index) => table.columns[index]?.inIdentity && before[name] !== after[name],
  );
  return table.identity === 'full' || isAltered
    ? pgoutput.update(table, values, oldTuple(before, table))
    : pgoutput.update(table, values);
}

function oldTuple(row: StoredRow, table: Table): ['K' | 'O', readonly (string | null)[]] {
  if (table.identity === 'full') return ['O', valuesOf(row)];
  return [
    'K',
    COLUMN_NAMES.map((name, index) => (table.columns[index]?.inIdentity === true ? row[name] : null)),
  ];
}

function valuesOf(row: StoredRow): readonly (string | null)[] {
  return COLUMN_NAMES.map((name) => row[name]);
}
