import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseRules } from '../../src/config/load-rules.ts';
import { parseTableName } from '../../src/config/parse-table-name.ts';
import { CHANGE_KINDS, type Change, type ChangeKind, type ColumnValue } from '../../src/domain/change.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { Table, TableName } from '../../src/domain/table.ts';

/**
 * A scenario file: rule documents exactly as a user writes them, then one document with changes and their effects.
 *
 *     tables:                       # where it matters; else a table has the columns of its rows, and `id` as identity
 *       public.events_2024:
 *         columns: [id, room_id]    # in the order of the table
 *         identity: [id]            # the columns of the replica identity, or `full`
 *         partitionOf: public.events
 *     changes:
 *       - it: what this shows
 *         update: public.products   # or insert, delete, truncate
 *         old: {id: 7}              # as Postgres sends it; a column left out is one that it does not tell
 *         new: {id: 8, name: null}
 *         effects:                  # all, in order; an effect that comes twice is written once
 *           - delete: product:7
 *           - purge: product:*
 *           - skip: user:${email}   # the template of a key with NULL in it
 *             rule: user            # only where several rules meet
 */
const row = z.record(z.string(), z.union([z.string(), z.int().transform(String), z.null()]));

const table = z.strictObject({
  columns: z.array(z.string()),
  identity: z.union([z.literal('full'), z.array(z.string())]),
  partitionOf: z.string().optional(),
});

const effect = z.strictObject({
  delete: z.string().optional(),
  purge: z.string().optional(),
  skip: z.string().optional(),
  rule: z.string().optional(),
});

const change = z
  .strictObject({
    it: z.string(),
    insert: z.string().optional(),
    update: z.string().optional(),
    delete: z.string().optional(),
    truncate: z.string().optional(),
    old: row.optional(),
    new: row.optional(),
    effects: z.array(effect),
  })
  .refine((each) => CHANGE_KINDS.filter((kind) => each[kind] !== undefined).length === 1, {
    error: `a change is one of ${CHANGE_KINDS.join(', ')}`,
  });

const scenario = z.strictObject({
  tables: z.record(z.string(), table).default({}),
  changes: z.array(change).nonempty(),
});

export type ExpectedEffect = z.infer<typeof effect>;
type ScenarioTable = z.infer<typeof table>;
type ScenarioRow = z.infer<typeof row>;
type ScenarioChange = z.infer<typeof change>;

export interface Scenario {
  readonly rules: readonly Rule[];
  readonly cases: readonly Case[];
}

export interface Case {
  readonly it: string;
  readonly change: Change;
  /** The name that rules know the table by. */
  readonly root: TableName;
  readonly effects: readonly ExpectedEffect[];
}

export function readScenario(file: URL): Scenario {
  const text = readFileSync(file, 'utf8');
  const split = text.lastIndexOf('\n---\n');
  const { tables, changes } = scenario.parse(parse(text.slice(split + 5)));
  return {
    rules: parseRules(text.slice(0, split), file.pathname),
    cases: changes.map((each) => toCase(each, tables)),
  };
}

function toCase(written: ScenarioChange, tables: Readonly<Record<string, ScenarioTable>>): Case {
  const kind = kindOf(written);
  const name = written[kind] ?? '';
  const described = tables[name];
  const found = toTable(name, described ?? impliedBy(written));
  return {
    it: written.it,
    change: toChange(kind, found, written),
    root: described?.partitionOf === undefined ? found : parseTableName(described.partitionOf),
    effects: written.effects,
  };
}

function kindOf(written: ScenarioChange): ChangeKind {
  const kind = CHANGE_KINDS.find((each) => written[each] !== undefined);
  if (kind === undefined) throw new Error(`no kind of change: ${written.it}`);
  return kind;
}

function impliedBy(written: ScenarioChange): ScenarioTable {
  const columns = [...new Set([...Object.keys(written.new ?? {}), ...Object.keys(written.old ?? {}), 'id'])];
  return { columns, identity: ['id'] };
}

function toTable(name: string, { columns, identity }: ScenarioTable): Table {
  return {
    ...parseTableName(name),
    oid: 16_384,
    identity: identity === 'full' ? 'full' : 'default',
    columns: columns.map((column) => ({
      name: column,
      typeOid: 25,
      inIdentity: identity === 'full' || identity.includes(column),
    })),
  };
}

function toChange(kind: ChangeKind, of: Table, written: ScenarioChange): Change {
  const values = (given: ScenarioRow = {}): readonly ColumnValue[] => {
    const unknown = Object.keys(given).filter((column) => !of.columns.some(({ name }) => name === column));
    if (unknown.length > 0) throw new Error(`${written.it}: no column ${unknown.join()} in ${of.name}`);
    return of.columns.map(({ name }) => given[name]);
  };
  switch (kind) {
    case 'insert':
      return { kind, table: of, new: values(written.new) };
    case 'update':
      return { kind, table: of, new: values(written.new), old: written.old && values(written.old) };
    case 'delete':
      return { kind, table: of, old: values(written.old) };
    case 'truncate':
      return { kind, table: of };
  }
}
