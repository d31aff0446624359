import { RESERVED_WORDS } from './reserved-words.ts';

/** A table's name as the catalog stores it: unquoted, case kept. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** One column as a pgoutput Relation message describes it. */
export interface Column {
  readonly name: string;
  readonly typeOid: number;
  /** Part of the replica identity, so that an old row carries its value. */
  readonly inIdentity: boolean;
}

/** `pg_class.relreplident`: primary key, nothing, the whole row, or one unique index. */
export type ReplicaIdentity = 'default' | 'nothing' | 'full' | 'index';

/** A table at one position of the stream: rows that follow have these columns in this order. */
export interface Table extends TableName {
  readonly oid: number;
  readonly identity: ReplicaIdentity;
  readonly columns: readonly Column[];
}

/** `"Shop"."Item"` or `public.products`: as SQL would have it, so that a remedy can be pasted. */
export function formatTableName({ schema, name }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** Quotes an SQL identifier where its text needs it. */
export function quoteIdentifier(identifier: string): string {
  const isPlain = /^[a-z_][a-z0-9_$]*$/.test(identifier) && !RESERVED_WORDS.has(identifier);
  return isPlain ? identifier : `"${identifier.replaceAll('"', '""')}"`;
}
