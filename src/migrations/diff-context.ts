import { formatTableName, type TableName } from '../domain/table.ts';
import type { MemberFingerprint, TableFingerprint } from './fingerprint.ts';
import type { FingerprintChange, FingerprintChangeKind } from './fingerprint-change.ts';

/** What the rules of a table need of its columns; nothing where no rule names it. */
export interface NeededColumns {
  readonly named: ReadonlySet<string>;
  /** Whose old values an update or a delete has to tell. */
  readonly old: ReadonlySet<string>;
}

/** What the parts of one comparison share. */
export interface DiffContext {
  readonly columnsOf: (table: TableName) => NeededColumns;
  /** Undefined where it does not exist. */
  readonly publication: string | undefined;
  /** It was dropped or made anew, so that its entries need no news of their own. */
  readonly isPublicationNews: boolean;
}

/** A change of one table that makes its cached keys wrong, once. */
export function tableChange(
  kind: FingerprintChangeKind,
  table: TableFingerprint,
  what: string,
): FingerprintChange {
  const { schema, name } = table;
  return { kind, table: { schema, name }, message: `${formatTableName(table)}: ${what}`, purge: 'once' };
}

/** Whether rows are in it: a partitioned table has none of its own. */
export function holdsRows({ kind }: MemberFingerprint): boolean {
  return kind !== 'p';
}

export function isMaterializedView({ members }: TableFingerprint): boolean {
  return members.some(({ kind }) => kind === 'm');
}
