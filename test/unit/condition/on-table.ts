import { compileCondition } from '../../../src/condition/compile-condition.ts';
import type { Change, ColumnValue, Row } from '../../../src/domain/change.ts';
import type { Condition, Verdict } from '../../../src/domain/condition.ts';
import type { Table } from '../../../src/domain/table.ts';
import { TYPE_OIDS } from '../../../src/domain/type-oids.ts';

export const OIDS = { ...TYPE_OIDS, enum: 16_999 } as const;
export type TypeName = keyof typeof OIDS;

/** Columns by name; a name with ! is in the replica identity. */
export type Columns = Readonly<Record<string, TypeName>>;

export function tableOf(columns: Columns): Table {
  return {
    oid: 4711,
    schema: 'public',
    name: 'products',
    identity: 'default',
    columns: Object.entries(columns).map(([name, type]) => ({
      name: name.replace('!', ''),
      typeOid: OIDS[type],
      inIdentity: name.endsWith('!'),
    })),
  };
}

export const PRODUCTS = tableOf({
  'id!': 'int8',
  price: 'numeric',
  status: 'text',
  stock: 'int4',
  active: 'bool',
  changed_at: 'timestamptz',
  body: 'text',
});
const ROW: Row = ['7', '9.50', 'draft', '3', 't', '2026-01-31 10:00:00.000001+00', undefined];

/** A row of products, with the columns given; `body` is unchanged TOAST unless it is given. */
export function product(values: Readonly<Record<string, ColumnValue>> = {}): Row {
  return PRODUCTS.columns.map(({ name }, index) => (name in values ? values[name] : ROW[index]));
}

export function insert(row: Row, table = PRODUCTS): Change {
  return { kind: 'insert', table, new: row };
}

export function update(old: Row | undefined, row: Row, table = PRODUCTS): Change {
  return { kind: 'update', table, new: row, old };
}

export function remove(old: Row, table = PRODUCTS): Change {
  return { kind: 'delete', table, old };
}

/** 'yes', 'no', or why it is not known. */
export function verdictOf(source: string | Condition, change: Change): 'yes' | 'no' | 'untold' | 'failed' {
  const condition = typeof source === 'string' ? compileCondition(source) : source;
  const { holds, doubt }: Verdict = condition.bind(change.table)(change);
  if (doubt === undefined) return holds ? 'yes' : 'no';
  if (!holds) throw new Error('a doubtful condition that does not hold');
  return doubt.kind;
}

/** Of one value of one type, inserted as `row.v`. */
export function ofValue(source: string, type: TypeName, text: string | null): ReturnType<typeof verdictOf> {
  return verdictOf(source, insert([text], tableOf({ v: type })));
}
