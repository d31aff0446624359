/**
 * SQL of a remedy that `freshet setup --apply` may run: by itself, not within a transaction. The kind says what it
 * locks and what it leaves behind; names are as SQL writes them.
 */
export type Statement =
  /** ACCESS EXCLUSIVE for a moment: while it waits for that, every query of the application waits behind it. */
  | { readonly kind: 'alter-table'; readonly sql: string; readonly table: string }
  /** CONCURRENTLY: holds up nobody, waits for older transactions, leaves an invalid index where it fails. */
  | IndexStatement
  | { readonly kind: 'grant'; readonly sql: string }
  /** About the publication: not before the replica identities of its tables are right. */
  | { readonly kind: 'publish'; readonly sql: string }
  /** Waits for every transaction that is open when it begins. */
  | { readonly kind: 'create-slot'; readonly sql: string };

export interface IndexStatement {
  readonly kind: 'create-index' | 'drop-index';
  readonly sql: string;
  readonly table: string;
  readonly index: string;
}
