import type { Lsn } from './lsn.ts';

/** A committed transaction whose changes follow in the stream. */
export interface Transaction {
  /** The low 32 bits of the transaction id, as the wire has it. */
  readonly xid: number;
  /** Where the commit record begins; greater than that of every transaction delivered before. */
  readonly commitLsn: Lsn;
  /** By the clock of Postgres, milliseconds since 1970. */
  readonly commitTimeMs: number;
}

/** Transactions by xid, each with its `commitLsn`, in the order of the stream. */
export type Commits = ReadonlyMap<Transaction['xid'], Transaction['commitLsn']>;
