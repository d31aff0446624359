import type { Change, ChangeKind, ColumnValue, Row } from '../domain/change.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import type { Rule } from '../domain/rule.ts';
import type { Table, TableName } from '../domain/table.ts';
import type { Version } from '../domain/version.ts';
import { RuleMatcher } from '../pipeline/match/rule-matcher.ts';
import { KeyPlanner } from '../pipeline/plan/key-planner.ts';

/** A row by column name, in Postgres' text form. */
export type NamedRow = ReadonlyMap<string, string | null>;

export interface ChangeToExplain {
  readonly table: TableName;
  readonly kind: ChangeKind;
  readonly new?: NamedRow | undefined;
  readonly old?: NamedRow | undefined;
}

export interface Explanation {
  readonly rule: string;
  readonly where: string;
  /** Whether the rule listens to this kind of change; if not, nothing is planned. */
  readonly listens: boolean;
  readonly planned: readonly (Effect | Skip)[];
}

/** There is no history here. */
const NO_VERSION: Version = { epoch: 0, commitLsn: 0n, ordinal: 0 };

/** What the daemon would do for a change, by the daemon's own match and plan; asks no server. */
export function explainChange(rules: readonly Rule[], change: ChangeToExplain): readonly Explanation[] {
  const { schema, name } = change.table;
  const concerned = rules.filter(({ table }) => table.schema === schema && table.name === name);
  const table = tableOf(change);
  const matcher = new RuleMatcher(concerned);
  matcher.bind(table, change.table);
  const matched = new Set(matcher.match(table, change.kind));
  const planner = new KeyPlanner();
  return concerned.map((rule) => {
    const planned: (Effect | Skip)[] = [];
    if (matched.has(rule))
      planner.plan(
        toChange(change, table),
        rule,
        () => NO_VERSION,
        (one) => planned.push(one),
      );
    return { rule: rule.name, where: rule.where, listens: matched.has(rule), planned };
  });
}

/** The columns that the rows name. An update without an old row is one that left every identity column as it was. */
function tableOf({ table, new: newRow, old }: ChangeToExplain): Table {
  const names = new Set([...(newRow?.keys() ?? []), ...(old?.keys() ?? [])]);
  const columns = [...names].map((name) => ({ name, typeOid: 0, inIdentity: true }));
  return { ...table, oid: 0, identity: 'full', columns };
}

function toChange(change: ChangeToExplain, table: Table): Change {
  const row = (named: NamedRow | undefined): Row =>
    table.columns.map(({ name }): ColumnValue => named?.get(name));
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
