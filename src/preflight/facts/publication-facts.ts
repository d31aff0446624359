import type { Query } from '../../domain/query.ts';
import type { TableName } from '../../domain/table.ts';
import { IDENTITY_INDEX_SQL } from './identity-index-sql.ts';

/** The publication and every table that it really publishes. */
export interface PublicationFacts {
  readonly name: string;
  /** FOR ALL TABLES: none can be added. */
  readonly allTables: boolean;
  readonly inserts: boolean;
  readonly updates: boolean;
  readonly deletes: boolean;
  readonly truncates: boolean;
  readonly viaRoot: boolean;
  /** From Postgres 18 on: `publish_generated_columns = stored`. */
  readonly generatedColumns: boolean;
  /** Transactions since it was created or altered, of those that count for age(). */
  readonly age: number;
  readonly tables: readonly PublishedTable[];
}

/** A leaf, the root where the publication goes via the root, or a partitioned table that it names. */
export interface PublishedTable extends TableName {
  /** Named by the publication itself, not through its schema, its root or FOR ALL TABLES. */
  readonly isListed: boolean;
  readonly rowFilter: boolean;
  readonly columnList: boolean;
  /** False: the server refuses UPDATE and DELETE on it for as long as it is published. */
  readonly hasIdentity: boolean;
}

const PUBLICATION_SQL = `
  SELECT pubname AS name, puballtables AS "allTables", pubinsert AS inserts, pubupdate AS updates,
         pubdelete AS deletes, pubtruncate AS truncates, pubviaroot AS "viaRoot",
         coalesce(to_jsonb(p) ->> 'pubgencols', 'n') = 's' AS "generatedColumns", age(xmin) AS age
  FROM pg_publication p
  WHERE pubname = $1`;

/** Row filters and column lists exist from Postgres 15 on; read as JSON, the columns may be absent. */
const PUBLISHED_TABLES_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, r.oid IS NOT NULL AS "isListed",
         (to_jsonb(r) ->> 'prqual') IS NOT NULL AS "rowFilter",
         (to_jsonb(r) ->> 'prattrs') IS NOT NULL AS "columnList",
         c.relkind = 'p' OR c.relreplident = 'f' OR ${IDENTITY_INDEX_SQL} IS NOT NULL AS "hasIdentity"
  FROM pg_publication p
  CROSS JOIN pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
  WHERE p.pubname = $1
    AND (r.oid IS NOT NULL
      OR (n.nspname, c.relname) IN (SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = $1))
  ORDER BY 1, 2`;

/** Undefined where there is no publication of that name. @throws whatever `query` throws */
export async function readPublicationFacts(
  query: Query,
  name: string,
): Promise<PublicationFacts | undefined> {
  const [row] = await query<Omit<PublicationFacts, 'tables'>>(PUBLICATION_SQL, [name]);
  if (row === undefined) return undefined;
  return { ...row, tables: await query<PublishedTable>(PUBLISHED_TABLES_SQL, [name]) };
}
