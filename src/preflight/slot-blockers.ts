import type { Query } from '../domain/query.ts';

/** A backend with an older transaction, which the creation of a slot waits for. */
export interface SlotBlocker {
  /** 0 stands for a prepared transaction, which has no backend. */
  readonly pid: number;
  readonly role: string | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly open: string | null;
}

/** While it is created, a slot is in the view already, held by the backend that waits. Query texts stay out: they hold values. */
const BLOCKERS_SQL = `
  SELECT DISTINCT blocker.pid, a.usename AS role, a.application_name AS application, a.state,
         date_trunc('second', now() - a.xact_start)::text AS open
  FROM pg_replication_slots s
  CROSS JOIN unnest(pg_blocking_pids(s.active_pid)) AS blocker(pid)
  LEFT JOIN pg_stat_activity a ON a.pid = blocker.pid
  WHERE s.slot_name = $1
  ORDER BY 1`;

/** @throws whatever `query` throws */
export function readSlotBlockers(query: Query, slot: string): Promise<readonly SlotBlocker[]> {
  return query<SlotBlocker>(BLOCKERS_SQL, [slot]);
}

export function describeSlotBlocker({ pid, role, application, state, open }: SlotBlocker): string {
  if (pid === 0) return 'a prepared transaction (see pg_prepared_xacts)';
  const details = [
    role === null ? '' : `role ${role}`,
    application === null || application === '' ? '' : `application ${application}`,
    state ?? '',
    open === null ? '' : `open for ${open}`,
  ];
  return `backend ${pid} (${details.filter((detail) => detail !== '').join(', ')})`;
}
