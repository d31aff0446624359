import type { Lsn } from '../domain/lsn.ts';
import type { TableName } from '../domain/table.ts';

/**
 * What the catalog says about the rules' tables and the publication, as far as a difference means that cached values
 * may be wrong. Plain JSON, so that it can be kept beside the keys and compared after a restart.
 */
export interface Fingerprint {
  readonly publication: PublicationFingerprint | null;
  readonly tables: readonly TableFingerprint[];
}

/** A fingerprint, and the moment that it shows. */
export interface Sighting {
  readonly fingerprint: Fingerprint;
  /** Text of `pg_current_snapshot()`: what is visible in it is in the fingerprint, and nothing else. */
  readonly snapshot: string;
  /** The commit of everything that is in the fingerprint lies before it in the WAL. */
  readonly lsn: Lsn;
}

export interface PublicationFingerprint {
  readonly name: string;
  readonly oid: number;
  /** The transaction that altered the publication itself last; adding a table is none of these. */
  readonly version: string;
  readonly kinds: readonly PublishKind[];
  readonly viaRoot: boolean;
  /** From Postgres 18 on: whether generated columns are sent, and which. */
  readonly generated: string;
}

export const PUBLISH_KINDS = ['insert', 'update', 'delete', 'truncate'] as const;
export type PublishKind = (typeof PUBLISH_KINDS)[number];

/** A table or materialized view that rules name. */
export interface TableFingerprint extends TableName {
  /** Null where nothing has that name. */
  readonly oid: number | null;
  readonly schemaOid: number | null;
  /** By name: number, type and generation expression. */
  readonly columns: Readonly<Record<string, string>>;
  /** Of the labels and attributes of its columns' enum and composite types; null where it has none. */
  readonly types: string | null;
  /** Itself, its partitions and the tables that inherit from it, at every depth. */
  readonly members: readonly MemberFingerprint[];
}

export interface MemberFingerprint extends TableName {
  readonly oid: number;
  /** `pg_class.relkind`: r table, p partitioned table, m materialized view, f foreign table. */
  readonly kind: string;
  /** See shape-sql.ts. */
  readonly shape: string;
  /** Of who last changed which column definition: with a new file it tells a rewrite of values from VACUUM FULL. */
  readonly attributes: string;
  /** `pg_class.relfilenode` */
  readonly file: number;
  /** Rows written into a materialized view so far, which REFRESH CONCURRENTLY moves and nothing else. */
  readonly writes: string | null;
  /** `pg_class.relpersistence`: p permanent, u unlogged. */
  readonly persistence: string;
  /** `pg_class.relreplident`: d default, i index, f full, n nothing. */
  readonly identity: string;
  readonly identityIndex: string | null;
  /** What an old row carries; null where it is none, or the whole row. */
  readonly identityColumns: readonly string[] | null;
  /** By which entries of the publication; null where by none. */
  readonly published: string | null;
  /** Of row filter and column list; null where it has none. */
  readonly narrowed: string | null;
  /** Only of one that was not there at the sighting before: whether it can have brought rows along. */
  readonly mayHaveRows?: boolean;
}
