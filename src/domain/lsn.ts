declare const lsnBrand: unique symbol;

/** A position in the write-ahead log: bytes since its beginning. Text (`16/B374D848`) only at the edges. */
export type Lsn = bigint & { readonly [lsnBrand]: true };

export const ZERO_LSN = 0n as Lsn;

declare const settledBrand: unique symbol;

/** A position that may be confirmed to Postgres. Only src/pipeline/settle makes one. */
export type SettledLsn = Lsn & { readonly [settledBrand]: true };

const MAX_LSN = 0xffff_ffff_ffff_ffffn;
const LSN_TEXT = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/** @throws RangeError outside 0 to 2^64 - 1 */
export function toLsn(value: bigint): Lsn {
  if (value < 0n || value > MAX_LSN) throw new RangeError(`an LSN has 64 bits, not ${value}`);
  return value as Lsn;
}

/** Reads Postgres' text form of `pg_lsn`. @throws RangeError when the text is not one */
export function parseLsn(text: string): Lsn {
  const [, high, low] = LSN_TEXT.exec(text) ?? [];
  if (high === undefined || low === undefined) throw new RangeError(`not an LSN: ${JSON.stringify(text)}`);
  return ((BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)) as Lsn;
}

/** Postgres' own text form: upper-case hexadecimal, unpadded. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}
