import type { TableName } from '../domain/table.ts';

/** What a logical message in the stream has to say, at its place among the changes. */
export type MigrationMessage =
  | { readonly kind: 'ddl'; readonly event: DdlEvent }
  | { readonly kind: 'purge'; readonly order: PurgeOrder }
  /** Under a prefix of Freshet's, but not in its language. `reason` holds nothing of the content. */
  | { readonly kind: 'unreadable'; readonly prefix: string; readonly reason: string };

/** One command of a migration, as the event triggers report it when it commits. */
export interface DdlEvent {
  /** `ALTER TABLE` */
  readonly tag: string;
  readonly tables: readonly DdlTable[];
  /** Altered ones, with the name that they have now. */
  readonly schemas: readonly { readonly oid: number; readonly name: string }[];
  /** Names of publications that were created, altered or dropped. */
  readonly publications: readonly string[];
}

export interface DdlTable extends TableName {
  /** `created` ones are partitions without rows: a command that makes other tables is not reported. */
  readonly change: 'created' | 'altered' | 'dropped';
  readonly oid: number;
  /** The partitioned tables above it, or those that it inherits from; unknown of a dropped one. */
  readonly above: readonly TableName[];
  /** After the command (see shape-sql.ts); undefined where the command changed values whatever the shape. */
  readonly shape: string | undefined;
  /** The shape without a partition that the command attached empty: as good as `shape` to compare with. */
  readonly sameAs: string | undefined;
}

/** An operator's ordered purge: of the rules of a table, of one rule, or of all. */
export type PurgeOrder =
  | { readonly kind: 'table'; readonly table: TableName }
  | { readonly kind: 'rule'; readonly rule: string }
  | { readonly kind: 'all' };
