/** What `pg_current_snapshot()` says about which transactions are visible. Transaction ids have 64 bits here. */
export interface Snapshot {
  /** Every transaction before it is visible or rolled back. */
  readonly xmin: bigint;
  /** No transaction from it on is visible. */
  readonly xmax: bigint;
  /** Those between that still run. */
  readonly running: ReadonlySet<bigint>;
}

/** Reads Postgres' text form `xmin:xmax:xid,xid`. @throws RangeError when the text is not one */
export function parseSnapshot(text: string): Snapshot {
  const match = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/.exec(text);
  const [, xmin, xmax, running] = match ?? [];
  if (xmin === undefined || xmax === undefined) throw new RangeError('not a snapshot');
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    running: new Set(running ? running.split(',').map(BigInt) : []),
  };
}

/**
 * Whether a committed transaction is visible to every snapshot that is taken from now on.
 * @param xid the low 32 bits, as the replication stream has them
 */
export function isVisible({ xmin, xmax, running }: Snapshot, xid: number): boolean {
  // The id nearest to xmax with these low bits: transactions of the stream are less than 2^31 away from it.
  const full = xmax - BigInt.asIntN(32, xmax - BigInt(xid));
  return full < xmin || (full < xmax && !running.has(full));
}
