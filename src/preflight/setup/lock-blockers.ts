import type { Query } from '../../domain/query.ts';

/** A backend whose transaction or lock another one waits for. */
export interface LockBlocker {
  /** 0 stands for a prepared transaction, which has no backend. */
  readonly pid: number;
  readonly role: string | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly open: string | null;
}

/** Query texts stay out: they hold values. */
const BLOCKERS_SQL = `
  SELECT DISTINCT blocker.pid, a.usename AS role, a.application_name AS application, a.state,
         date_trunc('second', now() - a.xact_start)::text AS open
  FROM unnest(pg_blocking_pids($1::int)) AS blocker(pid)
  LEFT JOIN pg_stat_activity a ON a.pid = blocker.pid
  ORDER BY 1`;

/** Whom this backend waits for. @throws whatever `query` throws */
export async function readLockBlockers(query: Query, backend: number): Promise<readonly LockBlocker[]> {
  return query<LockBlocker>(BLOCKERS_SQL, [backend]);
}

export function describeLockBlocker({ pid, role, application, state, open }: LockBlocker): string {
  if (pid === 0) return 'a prepared transaction (see pg_prepared_xacts)';
  const details = [
    role === null ? '' : `role ${role}`,
    application === null || application === '' ? '' : `application ${application}`,
    state ?? '',
    open === null ? '' : `open for ${open}`,
  ];
  return `backend ${pid} (${details.filter((detail) => detail !== '').join(', ')})`;
}
