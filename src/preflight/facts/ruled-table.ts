import type { Query } from '../../domain/query.ts';
import type { Rule } from '../../domain/rule.ts';
import { formatTableName, type TableName } from '../../domain/table.ts';
import { type RelationFacts, readRelations } from './relation-facts.ts';

/** A table that rules name, with what the catalog knows about it. */
export interface RuledTable {
  readonly name: TableName;
  readonly rules: readonly Rule[];
  /** Undefined where the catalog has no relation of that name. */
  readonly relation: RelationFacts | undefined;
  /** What holds the rows: the table itself, or every leaf partition, each with a replica identity of its own. */
  readonly leaves: readonly RelationFacts[];
}

/** Ordinary or partitioned, logged, and no partition of another: what may be added to the publication. */
export function isStreamable({ relation, leaves }: RuledTable): boolean {
  return (
    relation !== undefined &&
    isTable(relation) &&
    relation.root === null &&
    [relation, ...leaves].every(({ persistence }) => persistence === 'p')
  );
}

/** Anything else has a finding that makes those about its columns idle. */
export function isTable({ kind }: RelationFacts): boolean {
  return kind === 'r' || kind === 'p';
}

export async function readRuledTables(query: Query, rules: readonly Rule[]): Promise<readonly RuledTable[]> {
  const groups = Map.groupBy(rules, ({ table }) => formatTableName(table)).values();
  const named = [...groups].flatMap((group) => group.slice(0, 1).map(({ table }) => ({ table, group })));
  const rows = await readRelations(
    query,
    named.map(({ table }) => table),
  );
  return named.map(({ table, group }, index) => {
    const members = rows.filter(({ wanted }) => wanted === index);
    const relation = members.find(({ isNamed }) => isNamed);
    const leaves = members.filter(({ isNamed, kind }) => !isNamed || kind !== 'p');
    return { name: table, rules: group, relation, leaves };
  });
}

const ALL_TABLES_SQL = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  LIMIT 10000`;

/** What a name that does not exist may have meant. */
export function readTableNames(query: Query): Promise<readonly TableName[]> {
  return query<TableName>(ALL_TABLES_SQL);
}
