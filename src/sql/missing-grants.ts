import type { Query } from '../domain/query.ts';
import type { SqlTemplate } from '../domain/sql-template.ts';

/**
 * Statements that let the current role read what a refused query names. Postgres does not say which relations those
 * are, so every name in the query counts that is a relation's, in its own schema or on the search path.
 * https://www.postgresql.org/docs/current/ddl-rowsecurity.html: with row_security = off a filtered table is refused.
 */
const GRANTS_SQL = `
  WITH named AS (
    SELECT c.oid, n.oid AS schema_oid, n.nspname, c.relname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND (pg_table_is_visible(c.oid) OR n.nspname = ANY ($1) OR n.nspname = 'public')
  )
  SELECT format('GRANT USAGE ON SCHEMA %I TO %I;', nspname, current_user) AS sql, 1 AS place
  FROM named WHERE NOT has_schema_privilege(schema_oid, 'USAGE')
  UNION
  SELECT format('GRANT SELECT ON %I.%I TO %I;', nspname, relname, current_user), 2
  FROM named WHERE NOT has_table_privilege(oid, 'SELECT')
  UNION
  SELECT format('ALTER ROLE %I BYPASSRLS;  -- row-level security of %I.%I hides rows from it', current_user, nspname, relname), 3
  FROM named WHERE row_security_active(oid)
  ORDER BY place, sql`;

/** @returns statements, none where the reason is another. @throws whatever `ask` throws */
export async function missingGrants(ask: Query, { texts }: SqlTemplate): Promise<readonly string[]> {
  const rows = await ask<{ sql: string }>(GRANTS_SQL, [namesIn(texts.join(' '))]);
  return rows.map(({ sql }) => sql);
}

/** Every word, as an unquoted identifier folds and as a quoted one stands. */
function namesIn(sql: string): readonly string[] {
  const quoted = sql.matchAll(/"((?:[^"]|"")+)"/g).map(([, name = '']) => name.replaceAll('""', '"'));
  const words = sql.matchAll(/[\p{L}_][\p{L}\p{N}_$]*/gu).map(([word]) => word.toLowerCase());
  return [...new Set([...quoted, ...words])];
}
