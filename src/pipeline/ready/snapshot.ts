/** What `pg_current_snapshot()` says about which transactions are visible. Transaction ids have 64 bits here. */
export interface Snapshot {
  /** Every transaction before it is visible or rolled back. */
  readonly xmin: bigint;
  /** No transaction from it on is visible; some may run already, for it is one past the last that has ended. */
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
  const full = widen(xid, xmax);
  return full < xmin || (full < xmax && !running.has(full));
}

/**
 * An id that no transaction has yet: all that have one are before it.
 * @param running the low 32 bits of ids that are in use, no older than the snapshot
 */
export function nextXid({ xmax }: Pick<Snapshot, 'xmax'>, running: readonly number[]): bigint {
  let next = xmax;
  for (const xid of running) {
    const after = widen(xid, xmax) + 1n;
    if (after > next) next = after;
  }
  return next;
}

/** The id nearest to xmax with these low bits: transactions that still count are less than 2^31 away from it. */
function widen(xid: number, xmax: bigint): bigint {
  return xmax - BigInt.asIntN(32, xmax - BigInt(xid));
}
