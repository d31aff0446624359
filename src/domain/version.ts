/**
 * Where in the history of changes a value comes from. Of two values for a key the one with the greater version is the
 * newer, also after a replay and when a paused former leader wakes up: written into Redis beside the value, it keeps
 * an older one from coming back.
 */
export interface Version {
  /** Of the source's history: seconds since 1970 when Freshet first followed it. A later history wins. */
  readonly epoch: number;
  /** LSN of the commit record; transactions are delivered in its order. */
  readonly commitLsn: bigint;
  /** Number of the row's change within its transaction: rows of one COPY share an LSN. */
  readonly ordinal: number;
}

/** 32 lower-case hexadecimal digits whose order is that of the versions. */
export function formatVersion({ epoch, commitLsn, ordinal }: Version): string {
  return hex(epoch, 8) + hex(commitLsn, 16) + hex(ordinal, 8);
}

/** The LSN in a formatted version. */
export function commitLsnOf(formatted: string): bigint {
  return BigInt(`0x${formatted.slice(8, 24)}`);
}

function hex(value: number | bigint, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
