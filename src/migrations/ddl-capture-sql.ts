import { createHash } from 'node:crypto';
import { DDL_PREFIX } from './message-prefixes.ts';
import { shapeSql } from './shape-sql.ts';

/** Of the message, so that a daemon can tell one that it cannot read. */
export const DDL_MESSAGE_VERSION = 1;

/** One that is not listed here cannot change a value or a membership. CASCADE can drop from any command, so no list. */
const COMMAND_TAGS = [
  'ALTER MATERIALIZED VIEW',
  'ALTER PUBLICATION',
  'ALTER SCHEMA',
  'ALTER TABLE',
  'ALTER TYPE',
  'CREATE PUBLICATION',
  'CREATE TABLE',
  'REFRESH MATERIALIZED VIEW',
] as const;

export const DDL_TRIGGERS = ['freshet_ddl_command', 'freshet_ddl_drop', 'freshet_ddl_rewrite'] as const;

/**
 * The partition of `c` that this transaction attached last, where no row is in it: attaching it changed nothing, and
 * partition managers attach such a one every day. Only of this transaction, which holds the lock on it, so that asking
 * for its size cannot wait: a row that is visible here while its transaction is in progress is this transaction's own.
 */
const ATTACHED_EMPTY = `
      SELECT newest.oid FROM (
        SELECT i.inhrelid AS oid FROM pg_inherits i
         WHERE i.inhparent = c.oid
           AND CASE WHEN age(i.xmin) <= age(own.xid::xid)
                    THEN pg_xact_status((own.xid::text::bigint
                           + (i.xmin::text::bigint - own.xid::xid::text::bigint + 4294967296) % 4294967296
                         )::text::xid8) = 'in progress' END
         ORDER BY i.cmin::text::bigint DESC
         LIMIT 1) newest
       WHERE NOT EXISTS (
         WITH RECURSIVE tree AS (
           SELECT newest.oid
           UNION ALL
           SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid)
         SELECT FROM tree WHERE pg_relation_size(tree.oid) > 0)`;

/**
 * The body of the trigger function. All of it stands in a block whose errors become warnings: reporting a migration
 * must never break it. Only a cancellation passes, for it is the migration that was cancelled.
 *
 * SECURITY DEFINER, because the wal_level, the catalogs and the message are not everyone's; so the search path is
 * fixed. Without `logical` there is no reader, and nothing is written.
 */
const BODY = `
DECLARE
  created oid[] := '{}';       -- partitions and heirs, empty: nothing changed yet
  altered oid[] := '{}';       -- changed values only where the shape is not what it was
  certain oid[] := '{}';       -- changed values whatever the shape says
  gone jsonb := '[]';
  remaining jsonb := '[]';
  schemas jsonb := '[]';
  publications jsonb := '[]';
BEGIN
  IF current_setting('wal_level') <> 'logical' THEN
    RETURN;
  END IF;

  IF TG_EVENT = 'table_rewrite' THEN
    -- 8 alone is another access method; the others are persistence, a default for old rows, a column's type
    IF pg_event_trigger_table_rewrite_reason() & 7 <> 0 THEN
      certain := ARRAY[pg_event_trigger_table_rewrite_oid()];
    END IF;

  ELSIF TG_EVENT = 'sql_drop' THEN
    SELECT coalesce(array_agg(DISTINCT d.objid) FILTER (WHERE d.object_type = 'table column'), '{}'),
           coalesce(jsonb_agg(jsonb_build_object(
             'change', 'dropped', 'oid', d.objid::bigint, 'schema', d.schema_name, 'name', d.object_name))
             FILTER (WHERE d.object_type IN ('table', 'materialized view')), '[]'),
           coalesce(jsonb_agg(DISTINCT CASE d.object_type WHEN 'publication' THEN d.object_name
                                                          ELSE d.address_args[1] END)
             FILTER (WHERE d.object_type LIKE 'publication%'), '[]')
      INTO altered, gone, publications
      FROM pg_event_trigger_dropped_objects() d
     WHERE NOT d.is_temporary;

  ELSIF TG_TAG = 'ALTER SCHEMA' THEN
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('oid', n.oid::bigint, 'name', n.nspname)), '[]')
      INTO schemas
      FROM pg_event_trigger_ddl_commands() c
      JOIN pg_namespace n ON c.classid = 'pg_namespace'::regclass AND n.oid = c.objid;

  ELSIF TG_TAG IN ('CREATE PUBLICATION', 'ALTER PUBLICATION') THEN
    SELECT coalesce(jsonb_agg(DISTINCT CASE c.object_type WHEN 'publication' THEN address.object_names[1]
                                                          ELSE address.object_args[1] END), '[]')
      INTO publications
      FROM pg_event_trigger_ddl_commands() c,
           pg_identify_object_as_address(c.classid, c.objid, c.objsubid) address
     WHERE c.object_type LIKE 'publication%';

  ELSE
    SELECT coalesce(array_agg(DISTINCT c.objid) FILTER (
             WHERE c.command_tag = 'CREATE TABLE' AND EXISTS (
               SELECT FROM pg_inherits i WHERE i.inhrelid = c.objid)), '{}'),
           coalesce(array_agg(DISTINCT c.objid) FILTER (
             WHERE c.command_tag LIKE 'ALTER %' AND TG_TAG <> 'CREATE TABLE'), '{}'),
           coalesce(array_agg(DISTINCT c.objid) FILTER (WHERE c.command_tag LIKE 'REFRESH %'), '{}')
      INTO created, altered, certain
      FROM pg_event_trigger_ddl_commands() c
     WHERE c.classid = 'pg_class'::regclass;

    -- A renamed label of an enum or another attribute of a composite type shows in every row that has one.
    IF TG_TAG = 'ALTER TYPE' THEN
      WITH RECURSIVE changed AS (
        SELECT c.objid AS oid FROM pg_event_trigger_ddl_commands() c WHERE c.classid = 'pg_type'::regclass
        UNION
        SELECT t.oid FROM pg_event_trigger_ddl_commands() c
          JOIN pg_type t ON c.classid = 'pg_class'::regclass AND t.typrelid = c.objid
        UNION
        SELECT user_of.oid FROM changed, LATERAL (
          SELECT t.oid FROM pg_type t WHERE t.typelem = changed.oid OR t.typbasetype = changed.oid
          UNION ALL
          SELECT r.reltype FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
           WHERE a.atttypid = changed.oid AND r.reltype <> 0) user_of)
      SELECT certain || coalesce(array_agg(DISTINCT u.oid), '{}')
        INTO certain
        FROM (
          SELECT a.attrelid FROM changed
            JOIN pg_attribute a ON a.atttypid = changed.oid AND a.attnum > 0 AND NOT a.attisdropped
          UNION ALL
          SELECT r.oid FROM changed JOIN pg_class r ON r.reloftype = changed.oid) u(oid);
    END IF;
  END IF;

  IF created || altered || certain <> '{}' THEN
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
             'change', CASE WHEN c.oid = ANY (created) THEN 'created' ELSE 'altered' END,
             'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'above', above.names,
             'shape', shape.now, 'sameAs', nullif(shape.without, shape.now)))), '[]')
      INTO remaining
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN pg_current_xact_id() AS own(xid)
      LEFT JOIN LATERAL (${ATTACHED_EMPTY}) attached ON c.relkind = 'p'
      LEFT JOIN LATERAL (
        SELECT ${shapeSql('c', 'n')} AS now,
               CASE WHEN attached.oid IS NOT NULL
                    THEN ${shapeSql('c', 'n', 'child.inhrelid <> attached.oid')} END AS without
      ) shape ON c.oid <> ALL (certain)
      CROSS JOIN LATERAL (
        WITH RECURSIVE up AS (
          SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid
          UNION
          SELECT i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.inhparent)
        SELECT jsonb_agg(jsonb_build_array(pn.nspname, p.relname)) AS names
          FROM up JOIN pg_class p ON p.oid = up.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace) above
     WHERE c.oid = ANY (created || altered || certain)
       AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't';
  END IF;

  IF gone || remaining || schemas || publications <> '[]' THEN
    PERFORM pg_logical_emit_message(true, '${DDL_PREFIX}', jsonb_build_object(
      'v', ${DDL_MESSAGE_VERSION}, 'tag', TG_TAG, 'tables', gone || remaining, 'schemas', schemas,
      'publications', publications)::text);
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'freshet was not told of this %: % (%)', TG_TAG, SQLERRM, SQLSTATE
    USING HINT = 'Clear the cached keys of the tables concerned, or wait for Freshet to look at the catalog.';
END`;

const STATEMENTS = `CREATE SCHEMA IF NOT EXISTS freshet;

CREATE OR REPLACE FUNCTION freshet.report_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
AS $freshet$${BODY}
$freshet$;
REVOKE ALL ON FUNCTION freshet.report_ddl() FROM PUBLIC;
`;

/** ALWAYS: else a session with session_replication_role = replica, as restores use it, would not be heard. */
function triggerSql(name: string, event: string, tags: readonly string[] = []): string {
  const filter = tags.length === 0 ? '' : `\n  WHEN TAG IN (${tags.map((tag) => `'${tag}'`).join(', ')})`;
  return `DROP EVENT TRIGGER IF EXISTS ${name};
CREATE EVENT TRIGGER ${name} ON ${event}${filter}
  EXECUTE FUNCTION freshet.report_ddl();
ALTER EVENT TRIGGER ${name} ENABLE ALWAYS;
`;
}

const TRIGGERS =
  triggerSql('freshet_ddl_command', 'ddl_command_end', COMMAND_TAGS) +
  triggerSql('freshet_ddl_drop', 'sql_drop') +
  triggerSql('freshet_ddl_rewrite', 'table_rewrite');

/** Of the installed text; stands in the comment of the function. */
export const DDL_CAPTURE_VERSION = createHash('sha256')
  .update(STATEMENTS + TRIGGERS)
  .digest('hex')
  .slice(0, 12);

/**
 * Installs the event triggers, or brings older ones up to date; may be run again. Several statements without values:
 * sent as one text they are one transaction. Needs a superuser, or what a cloud has instead.
 */
export const INSTALL_DDL_CAPTURE_SQL = `${STATEMENTS}COMMENT ON FUNCTION freshet.report_ddl() IS '${DDL_CAPTURE_VERSION}';
${TRIGGERS}`;

/** Takes them away again; the schema too unless something else is in it. */
export const UNINSTALL_DDL_CAPTURE_SQL = `DROP EVENT TRIGGER IF EXISTS freshet_ddl_command;
DROP EVENT TRIGGER IF EXISTS freshet_ddl_drop;
DROP EVENT TRIGGER IF EXISTS freshet_ddl_rewrite;
DROP FUNCTION IF EXISTS freshet.report_ddl();
DO $$ BEGIN
  DROP SCHEMA freshet;
EXCEPTION WHEN invalid_schema_name OR dependent_objects_still_exist THEN
  NULL;
END $$;
`;
