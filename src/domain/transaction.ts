/** A committed transaction whose changes follow in the stream. */
export interface Transaction {
  /** The low 32 bits of the transaction id, as the wire has it. */
  readonly xid: number;
  /** By the clock of Postgres, milliseconds since 1970. */
  readonly commitTimeMs: number;
}
