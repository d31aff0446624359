/** What of a `pg` client is used. A pool will do where no transaction is open: each of its statements is one. */
export interface PgConnection {
  query(sql: string): Promise<{ readonly rows: readonly unknown[] }>;
  /** `I` idle, `T` in a transaction, `E` in one that has failed: as of the last statement that was answered. */
  getTransactionStatus?(): string | null;
}

const VIEW = `
  SELECT pg_current_xact_id_if_assigned() IS NULL
     AND current_setting('transaction_isolation') IN ('read committed', 'read uncommitted') AS "canFill",
         extract(epoch FROM transaction_timestamp())::text AS "beganAt"`;

const IN_FAILED_TRANSACTION = '25P02';

/** What a connection reads outside a transaction. */
export const COMMITTED = 'committed';

/**
 * What everybody sees, as this connection sees it now: `COMMITTED`, or a name of its transaction that no other one of
 * it has. What was loaded may be put into a cache where the name was the same before and after.
 * @returns undefined where `canFill` is false
 */
export async function sharedView(connection: PgConnection): Promise<string | undefined> {
  const status = connection.getTransactionStatus?.();
  if (status === 'I') return COMMITTED;
  if (status === 'E') return undefined;
  const row = await queryView(connection);
  if (row?.canFill !== true) return undefined;
  // A driver that does not tell may be outside a transaction, where each statement is one.
  return status === 'T' ? row.beganAt : COMMITTED;
}

async function queryView(connection: PgConnection) {
  try {
    const { rows } = await connection.query(VIEW);
    const [row] = rows as readonly { canFill: boolean; beganAt: string }[];
    return row;
  } catch (error) {
    // A driver may tell of an error before it has heard what became of the transaction.
    if (error instanceof Error && 'code' in error && error.code === IN_FAILED_TRANSACTION) return undefined;
    throw error;
  }
}

/**
 * Whether a value that is read through this connection now may be put into a cache. Not inside a transaction that has
 * written, which sees what nobody else does and may be rolled back; nor inside one whose snapshot may be older than the
 * lease (REPEATABLE READ, SERIALIZABLE). Costs a query only inside a transaction. `BEGIN` must have been awaited.
 */
export async function canFill(connection: PgConnection): Promise<boolean> {
  return (await sharedView(connection)) !== undefined;
}

/**
 * The insert position, not the flushed one: with `synchronous_commit = off` a COMMIT is answered before it is flushed,
 * and the setting may have been that transaction's alone. At the end of a page it is already behind the next page's
 * header, 24 bytes, or 40 at the beginning of a segment; an idle server's stream would not come that far.
 */
const LAST_COMMIT = `
  SELECT CASE
           WHEN byte % pg_size_bytes(current_setting('wal_segment_size')) = 40 THEN lsn - 40
           WHEN byte % current_setting('wal_block_size')::int = 24 THEN lsn - 24
           ELSE lsn
         END::text AS lsn,
         pg_current_xact_id_if_assigned() IS NOT NULL AS "isOpen"
  FROM (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END AS lsn) AS here,
       LATERAL (SELECT lsn - '0/0'::pg_lsn AS byte) AS there`;

/**
 * A position at or behind the end of the last commit of this connection, as `16/B374D848`, for `cache.waitFor`. To be
 * asked after COMMIT was answered; on the primary, for only there is committed.
 *
 * @throws Error on a standby, and inside a transaction that has written: its commit is yet to come
 */
export async function lastCommitLsn(connection: PgConnection): Promise<string> {
  const { rows } = await connection.query(LAST_COMMIT);
  const [row] = rows as readonly { lsn: string | null; isOpen: boolean }[];
  if (row?.isOpen)
    throw new Error('lastCommitLsn inside a transaction that has written: call it after COMMIT');
  if (!row?.lsn) throw new Error('lastCommitLsn on a standby: call it on the connection that has committed');
  return row.lsn;
}
