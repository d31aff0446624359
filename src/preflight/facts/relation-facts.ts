import type { Query } from '../../domain/query.ts';
import type { ReplicaIdentity, TableName } from '../../domain/table.ts';
import { IDENTITY_INDEX_SQL } from './identity-index-sql.ts';

/** One relation of the catalog that a rule names, or a partition below it. */
export interface RelationFacts extends TableName {
  readonly oid: number;
  /** `pg_class.relkind`: r table, p partitioned table, v view, m materialized view, f foreign table, ... */
  readonly kind: string;
  /** `pg_class.relpersistence`: p permanent, u unlogged, t temporary. */
  readonly persistence: string;
  /** The uppermost table that it is a partition of. */
  readonly root: TableName | null;
  /** Tables that inherit from it without being partitions. */
  readonly hasChildren: boolean;
  readonly identity: ReplicaIdentity;
  /** What an old row carries; null where the identity is unusable, so that UPDATE and DELETE fail once published. */
  readonly identityColumns: readonly string[] | null;
  readonly columns: readonly ColumnFacts[];
  /** Unique, valid, not deferrable, not partial, without expressions: what can be a replica identity but for NULLs. */
  readonly uniqueIndexes: readonly UniqueIndexFacts[];
  /** Names of its valid indexes. */
  readonly indexNames: readonly string[];
  /** Those that a failed CREATE INDEX CONCURRENTLY left behind: not valid, and nobody is building them. */
  readonly unfinishedIndexes: readonly string[];
  /** Key columns of each valid index of all rows, without expressions, in order. */
  readonly indexedColumns: readonly (readonly string[])[];
}

export interface ColumnFacts {
  readonly name: string;
  /** As declared: of a domain its own, as the stream gives it. */
  readonly typeOid: number;
  /** `pg_type.typname`, of the base type for a domain: `int8`, `bpchar`, `timestamptz`. */
  readonly type: string;
  /** As SQL writes it: `character varying(40)`. */
  readonly sqlType: string;
  /** `pg_type.typtype`: b base, c composite, e enum, r range, m multirange. */
  readonly typeKind: string;
  readonly isArray: boolean;
  readonly notNull: boolean;
  /** A large value may be stored out of line (TOAST); an UPDATE that leaves it alone does not send it. */
  readonly isToastable: boolean;
  readonly generated: 'stored' | 'virtual' | null;
}

export interface UniqueIndexFacts {
  readonly name: string;
  readonly primary: boolean;
  /** Key columns in order; INCLUDE columns are not part of a replica identity. */
  readonly columns: readonly string[];
}

/** A relation, and under which of the wanted names it was found. */
export interface RelationRow extends RelationFacts {
  /** Index into the wanted names. */
  readonly wanted: number;
  /** False for a partition that came along with its root. */
  readonly isNamed: boolean;
}

const COLUMNS_SQL = `(
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'name', a.attname,
           'typeOid', a.atttypid::int,
           'type', t.typname,
           'sqlType', format_type(a.atttypid, a.atttypmod),
           'typeKind', t.typtype,
           'isArray', t.typcategory = 'A',
           'notNull', a.attnotnull,
           'isToastable', a.attstorage IN ('e', 'x'),
           'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END)
           ORDER BY a.attnum), '[]')
  FROM pg_attribute a
  JOIN pg_type declared ON declared.oid = a.atttypid
  JOIN pg_type t ON t.oid = coalesce(nullif(declared.typbasetype, 0), declared.oid)
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`;

/** Names of the key columns of the index row `i`, in order. */
const INDEX_COLUMNS_SQL = `(
  SELECT jsonb_agg(a.attname ORDER BY k.position)
  FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE k.position <= i.indnkeyatts)`;

const RELATIONS_SQL = `
  WITH named AS (
    SELECT w.position, c.oid
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, position)
    JOIN pg_namespace n ON n.nspname = w.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
  ), members AS (
    SELECT position, oid, true AS is_named FROM named
    UNION ALL
    SELECT position, leaf.relid, false
    FROM named, pg_partition_tree(named.oid) AS leaf
    WHERE leaf.isleaf AND leaf.relid <> named.oid
  )
  SELECT m.position::int - 1 AS wanted, m.is_named AS "isNamed", c.oid, n.nspname AS schema, c.relname AS name,
         c.relkind AS kind, c.relpersistence AS persistence,
         CASE WHEN c.relispartition THEN (
           SELECT jsonb_build_object('schema', rn.nspname, 'name', r.relname)
           FROM pg_partition_ancestors(c.oid) WITH ORDINALITY AS ancestor(oid, height)
           JOIN pg_class r ON r.oid = ancestor.oid
           JOIN pg_namespace rn ON rn.oid = r.relnamespace
           ORDER BY height DESC LIMIT 1) END AS root,
         c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AS "hasChildren",
         CASE c.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing'
                             WHEN 'f' THEN 'full' ELSE 'index' END AS identity,
         CASE WHEN c.relreplident = 'f'
           THEN (SELECT jsonb_agg(attname ORDER BY attnum) FROM pg_attribute
                 WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)
           ELSE (SELECT ${INDEX_COLUMNS_SQL} FROM pg_index i WHERE i.indexrelid = ${IDENTITY_INDEX_SQL})
         END AS "identityColumns",
         ${COLUMNS_SQL} AS columns,
         (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', x.relname, 'primary', i.indisprimary, 'columns', ${INDEX_COLUMNS_SQL})
                   ORDER BY i.indisprimary DESC, i.indnkeyatts, x.relname), '[]')
          FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
          WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
            AND i.indpred IS NULL AND i.indexprs IS NULL) AS "uniqueIndexes",
         (SELECT coalesce(jsonb_agg(x.relname), '[]')
          FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
          WHERE i.indrelid = c.oid AND i.indisvalid) AS "indexNames",
         (SELECT coalesce(jsonb_agg(x.relname ORDER BY x.relname), '[]')
          FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
          WHERE i.indrelid = c.oid AND NOT i.indisvalid AND NOT EXISTS (
            SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.relation = c.oid
              AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted)) AS "unfinishedIndexes",
         (SELECT coalesce(jsonb_agg(${INDEX_COLUMNS_SQL}), '[]')
          FROM pg_index i
          WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL) AS "indexedColumns"
  FROM members m
  JOIN pg_class c ON c.oid = m.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  ORDER BY m.position, n.nspname, c.relname`;

/** The named relations that exist, each followed or preceded by its leaf partitions. @throws whatever `query` throws */
export async function readRelations(
  query: Query,
  names: readonly TableName[],
): Promise<readonly RelationRow[]> {
  return query<RelationRow>(RELATIONS_SQL, [
    names.map(({ schema }) => schema),
    names.map(({ name }) => name),
  ]);
}
