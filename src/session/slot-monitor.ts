import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { Query } from '../domain/query.ts';
import type { SlotState } from '../domain/slot-state.ts';

/** Far enough below one scrape interval, and nothing to Postgres. */
const INTERVAL_MS = 5_000;

/** The server may have become a standby, which writes no WAL. */
const SLOT_STATE = `
  SELECT slot.wal_status AS "walStatus",
         pg_wal_lsn_diff(wal.position, slot.restart_lsn)::float8 AS "retainedBytes",
         pg_wal_lsn_diff(wal.position, slot.confirmed_flush_lsn)::float8 AS "lagBytes",
         coalesce(sender.sync_state = 'sync', false) AS "holdsUpCommits"
    FROM pg_replication_slots slot
    LEFT JOIN pg_stat_replication sender ON sender.pid = slot.active_pid,
         (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                      ELSE pg_current_wal_lsn() END AS position) wal
   WHERE slot.slot_name = $1`;

const PUBLICATION = 'SELECT 1 FROM pg_publication WHERE pubname = $1';

/**
 * Watches the slot while streaming. A disk that fills because of a slot is noticed here first; and from version 18 on
 * Postgres goes on without a word when the publication is gone.
 */
export async function monitorSlot(
  { query, log, slot, publication }: { query: Query; log: Log; slot: string; publication: string },
  onState: (state: SlotState | undefined) => void,
  signal: AbortSignal,
): Promise<never> {
  let reported: SlotState['walStatus'] = 'reserved';
  for (;;) {
    const [state] = await query<SlotState & { readonly holdsUpCommits: boolean }>(SLOT_STATE, [slot]);
    onState(state);
    if (state?.holdsUpCommits === true) {
      throw new FatalError(
        'PREFLIGHT_FAILED',
        'Postgres takes Freshet for its synchronous standby: every commit waits for Freshet, which waits for the commit',
        'name the standbys one by one in synchronous_standby_names, then SELECT pg_reload_conf()',
      );
    }
    if (state !== undefined && state.walStatus !== reported) {
      reported = state.walStatus;
      const fields = { slot, walStatus: reported, retainedBytes: state.retainedBytes };
      if (reported === 'reserved') log.info(fields, 'the slot is within its WAL budget again');
      else
        log.warn(
          fields,
          'the slot holds more WAL than Postgres wants to keep; it will be lost unless it catches up',
        );
    }
    if ((await query(PUBLICATION, [publication])).length === 0) {
      throw new FatalError(
        'PUBLICATION_MISSING',
        `publication ${publication} does not exist`,
        'changes made without it are lost: drop the slot, run `freshet setup`, then clear the keys of the rules',
      );
    }
    await sleep(INTERVAL_MS, undefined, { signal });
  }
}
