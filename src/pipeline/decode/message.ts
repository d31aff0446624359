import type { Change } from '../../domain/change.ts';
import type { Lsn } from '../../domain/lsn.ts';
import type { Table } from '../../domain/table.ts';
import type { Transaction } from '../../domain/transaction.ts';

/** One pgoutput message of protocol version 1, as far as keys need it. */
export type Message =
  | { readonly kind: 'begin'; readonly transaction: Transaction }
  | { readonly kind: 'commit'; readonly endLsn: Lsn }
  /** Rows of this table follow with these columns; sent again after DDL. */
  | { readonly kind: 'relation'; readonly table: Table }
  | { readonly kind: 'change'; readonly change: Change }
  /** One TRUNCATE statement, with the tables that CASCADE reached. */
  | { readonly kind: 'truncate'; readonly tables: readonly Table[] }
  /** A row of a table that no rule reads. */
  | { readonly kind: 'unread' }
  /** The transaction was replayed from elsewhere, under this name. */
  | { readonly kind: 'origin'; readonly name: string }
  /** A transactional logical message, at its place among the changes. */
  | { readonly kind: 'message'; readonly lsn: Lsn; readonly prefix: string; readonly content: Buffer }
  /** Nothing that a key could depend on: a type, a message outside of transactions. */
  | { readonly kind: 'ignored' };
