import { shapeSql } from './shape-sql.ts';

/** From this version on a publication can name schemas; the catalog of that does not exist before. */
const SCHEMAS_IN_PUBLICATIONS = 150_000;

const IDENTITY_INDEX = `
  LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
   AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END
  LEFT JOIN pg_class ic ON ic.oid = i.indexrelid`;

const IDENTITY_COLUMNS = `
  (SELECT jsonb_agg(a.attname ORDER BY a.attname)
     FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))`;

/** A partition is published with each table above it, and with the schema of each. */
const RELATIONS_ABOVE = `
  SELECT c.oid UNION SELECT relid FROM pg_partition_ancestors(c.oid) WHERE c.relispartition`;

function publishedSql(serverVersion: number): string {
  const schemas =
    serverVersion < SCHEMAS_IN_PUBLICATIONS
      ? ''
      : `UNION ALL
         SELECT 's' || ns.oid FROM pg_publication_namespace ns
          WHERE ns.pnpubid = p.oid
            AND ns.pnnspid IN (SELECT u.relnamespace FROM pg_class u WHERE u.oid IN (${RELATIONS_ABOVE}))`;
  return `(
    SELECT string_agg(entry.name, ',' ORDER BY entry.name COLLATE "C")
      FROM (SELECT 'all' WHERE p.puballtables
            UNION ALL
            SELECT 'r' || r.oid FROM pg_publication_rel r
             WHERE r.prpubid = p.oid AND r.prrelid IN (${RELATIONS_ABOVE})
            ${schemas}) AS entry(name))`;
}

/** Row filters and column lists exist from Postgres 15 on; read as JSON, the columns may be absent. */
const NARROWED = `
  (SELECT md5(string_agg(concat(to_jsonb(r) ->> 'prqual', '/', to_jsonb(r) ->> 'prattrs'), ',' ORDER BY r.oid))
     FROM pg_publication_rel r
    WHERE r.prpubid = p.oid AND r.prrelid IN (${RELATIONS_ABOVE})
      AND (to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL))`;

/** A domain or an array stands for what it is made of. */
const TYPES = `
  (SELECT md5(string_agg(part.text, ',' ORDER BY part.text COLLATE "C"))
     FROM (SELECT DISTINCT coalesce(nullif(element.typbasetype, 0), nullif(t.typbasetype, 0), element.oid, t.oid) AS oid
             FROM pg_attribute a
             JOIN pg_type t ON t.oid = a.atttypid
             LEFT JOIN pg_type element ON element.oid = t.typelem AND t.typcategory = 'A'
            WHERE a.attrelid = named.oid AND a.attnum > 0 AND NOT a.attisdropped) AS used
     JOIN pg_type t ON t.oid = used.oid AND t.typtype IN ('e', 'c')
     CROSS JOIN LATERAL (
       SELECT concat_ws(':', e.oid, e.enumlabel) FROM pg_enum e WHERE e.enumtypid = t.oid
       UNION ALL
       SELECT concat_ws(':', t.oid, a.attnum, a.attname, a.atttypid, a.atttypmod) FROM pg_attribute a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS part(text))`;

const COLUMNS = `
  (SELECT coalesce(jsonb_object_agg(a.attname, concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod),
                                    a.atttypid, a.attcollation, a.attgenerated, md5(d.adbin::text))), '{}')
     FROM pg_attribute a
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> ''
    WHERE a.attrelid = named.oid AND a.attnum > 0 AND NOT a.attisdropped)`;

/**
 * One row: everything in one snapshot. It reads catalogs only, needs no privilege, and takes no lock that a running
 * migration could make it wait for (which is why it avoids pg_partition_tree, pg_publication_tables and pg_get_expr).
 *
 * $1 schemas and $2 names of the rules' tables, $3 the publication
 */
export function fingerprintSql(serverVersion: number): string {
  return `
  WITH RECURSIVE wanted AS (
    SELECT w.schema, w.name, w.position, c.oid, n.oid AS schema_oid
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, position)
      LEFT JOIN pg_namespace n ON n.nspname = w.schema
      LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p', 'm', 'f')
  ), tree AS (
    SELECT position, oid FROM wanted WHERE oid IS NOT NULL
    UNION
    SELECT tree.position, i.inhrelid
      FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid AND NOT i.inhdetachpending
  ), publication AS (
    SELECT p.* FROM pg_publication p WHERE p.pubname = $3
  ), members AS (
    SELECT tree.position, jsonb_agg(jsonb_build_object(
             'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
             'shape', ${shapeSql('c', 'n')},
             'attributes', (SELECT md5(string_agg(a.attnum || ':' || a.xmin, ',' ORDER BY a.attnum))
                              FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
             'file', c.relfilenode::bigint,
             'writes', CASE WHEN c.relkind = 'm' THEN concat_ws('/', pg_stat_get_tuples_inserted(c.oid),
                         pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)) END,
             'persistence', c.relpersistence,
             'identity', c.relreplident, 'identityIndex', ic.relname, 'identityColumns', ${IDENTITY_COLUMNS},
             'published', ${publishedSql(serverVersion)}, 'narrowed', ${NARROWED}) ORDER BY c.oid) AS list
      FROM tree
      JOIN pg_class c ON c.oid = tree.oid
      JOIN pg_namespace n ON n.oid = c.relnamespace${IDENTITY_INDEX}
      LEFT JOIN publication p ON true
     GROUP BY tree.position
  )
  SELECT pg_current_snapshot()::text AS snapshot,
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text AS lsn,
         (SELECT jsonb_build_object(
            'name', p.pubname, 'oid', p.oid::bigint,
            'version', (SELECT row.xmin::text FROM pg_publication row WHERE row.oid = p.oid),
            'kinds', (SELECT coalesce(jsonb_agg(kind.name ORDER BY kind.position), '[]')
                        FROM (VALUES (1, 'insert', p.pubinsert), (2, 'update', p.pubupdate),
                                     (3, 'delete', p.pubdelete), (4, 'truncate', p.pubtruncate))
                             AS kind(position, name, published) WHERE kind.published),
            'viaRoot', p.pubviaroot, 'generated', coalesce(to_jsonb(p) ->> 'pubgencols', 'n'))
            FROM publication p) AS publication,
         (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'schema', named.schema, 'name', named.name, 'oid', named.oid::bigint,
            'schemaOid', named.schema_oid::bigint, 'columns', ${COLUMNS}, 'types', ${TYPES},
            'members', coalesce(members.list, '[]')) ORDER BY named.position), '[]')
            FROM wanted AS named LEFT JOIN members USING (position)) AS tables`;
}

/** Whether relations ($1, oids) have any page. Asks for a lock; rather than wait for it, the statement fails. */
export const MAY_HAVE_ROWS_SQL = `
  WITH impatience AS MATERIALIZED (SELECT set_config('lock_timeout', '100ms', true))
  SELECT r.oid::bigint::float8 AS oid, pg_relation_size(r.oid) > 0 AS "mayHaveRows"
    FROM impatience, unnest($1::oid[]) AS r(oid)`;
