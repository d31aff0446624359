import { type Lsn, type SettledLsn, ZERO_LSN } from '../../domain/lsn.ts';

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/**
 * The Standby status update message: https://www.postgresql.org/docs/current/protocol-replication.html
 * @param written the last position received; tells monitoring how far sending is
 * @param settled reported as flushed and applied: the server forgets what lies before it; undefined confirms nothing
 * @param replyRequested asks the server for a keepalive at once, as a sign of life
 */
export function standbyStatus(
  written: Lsn,
  settled: SettledLsn | undefined,
  nowMs: number,
  replyRequested: boolean,
): Buffer {
  const message = Buffer.alloc(34);
  message.write('r', 0, 'latin1');
  const confirmed = settled ?? ZERO_LSN;
  message.writeBigUInt64BE(written > confirmed ? written : confirmed, 1);
  message.writeBigUInt64BE(confirmed, 9);
  message.writeBigUInt64BE(confirmed, 17);
  message.writeBigInt64BE(BigInt(nowMs - POSTGRES_EPOCH_MS) * 1000n, 25);
  message.writeUInt8(replyRequested ? 1 : 0, 33);
  return message;
}
