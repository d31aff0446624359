import type { Change, ChangeKind, ColumnValue, Row } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import type { Rule } from '../domain/rule.ts';
import type { Table, TableName } from '../domain/table.ts';
import { judgeChange } from './judge-change.ts';
import { isTold, untoldColumns } from './untold-columns.ts';

/** A value in Postgres' text form, and the type that it has in all likelihood. */
export interface NamedValue {
  readonly text: string | null;
  readonly typeOid: number;
}

/** A row by column name. */
export type NamedRow = ReadonlyMap<string, NamedValue>;

export interface ChangeToExplain {
  readonly table: TableName;
  readonly kind: ChangeKind;
  readonly new?: NamedRow | undefined;
  readonly old?: NamedRow | undefined;
}

export interface Explanation {
  readonly rule: string;
  readonly mode: Rule['mode'];
  readonly where: string;
  /** Whether the rule is about this change, or which of its fields says that it is not. */
  readonly verdict: 'matches' | 'on' | 'when';
  /** Why its condition could not be decided, so that it counts as true. */
  readonly doubts: readonly Doubt[];
  /** Columns of the rule that the row of an insert leaves out, as the stream never does. */
  readonly untold: readonly string[];
  /** Without what follows only from their absence. */
  readonly planned: readonly (Effect | Skip)[];
}

/** What the daemon would do for a change, by the daemon's own match and plan; asks no server. */
export function explainChange(rules: readonly Rule[], change: ChangeToExplain): readonly Explanation[] {
  const { schema, name } = change.table;
  const concerned = rules.filter(({ table }) => table.schema === schema && table.name === name);
  return judgeChange(concerned, toChange(change, tableOf(change)), change.table).map((judgement) => {
    const { rule, matches, doubts, planned } = judgement;
    const verdict = matches ? 'matches' : rule.on.has(change.kind) ? 'when' : 'on';
    const untold = matches && change.kind === 'insert' ? untoldColumns(rule, change.new) : [];
    return {
      rule: rule.name,
      mode: rule.mode,
      where: rule.where,
      verdict,
      doubts: untold.length === 0 ? doubts : doubts.filter(({ kind }) => kind !== 'untold'),
      untold,
      planned: untold.length === 0 ? planned : planned.filter((one) => isTold(one, rule, untold)),
    };
  });
}

/** The columns that the rows name. An update without an old row is one that left every identity column as it was. */
function tableOf({ table, new: newRow, old }: ChangeToExplain): Table {
  // A NULL tells no type; the other row may.
  const types = new Map<string, number>();
  for (const [name, { typeOid }] of [...(old ?? []), ...(newRow ?? [])])
    types.set(name, typeOid || (types.get(name) ?? 0));
  const columns = [...types].map(([name, typeOid]) => ({ name, typeOid, inIdentity: true }));
  return { ...table, oid: 0, identity: 'full', columns };
}

function toChange(change: ChangeToExplain, table: Table): Change {
  const row = (named: NamedRow | undefined): Row =>
    table.columns.map(({ name }): ColumnValue => named?.get(name)?.text);
  switch (change.kind) {
    case 'insert':
      return { kind: 'insert', table, new: row(change.new) };
    case 'update':
      return { kind: 'update', table, new: row(change.new), old: change.old && row(change.old) };
    case 'delete':
      return { kind: 'delete', table, old: row(change.old) };
    case 'truncate':
      return { kind: 'truncate', table };
  }
}
