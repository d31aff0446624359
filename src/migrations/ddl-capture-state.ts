import type { Finding } from '../domain/finding.ts';
import type { Query } from '../domain/query.ts';
import { DDL_CAPTURE_VERSION, DDL_TRIGGERS } from './ddl-capture-sql.ts';

/** Whether the event triggers are there; `outdated`: of another version, switched off, or not all of them. */
export type DdlCaptureState = 'absent' | 'outdated' | 'current';

const STATE_SQL = `
  SELECT count(*)::int AS present,
         coalesce(bool_and(t.evtenabled = 'A' AND obj_description(t.evtfoid, 'pg_proc') = $2), false) AS "isCurrent"
    FROM pg_event_trigger t
   WHERE t.evtname = ANY ($1::text[])`;

/** Needs no privilege. @throws whatever `query` throws */
export async function readDdlCapture(query: Query): Promise<DdlCaptureState> {
  const [row] = await query<{ present: number; isCurrent: boolean }>(STATE_SQL, [
    [...DDL_TRIGGERS],
    DDL_CAPTURE_VERSION,
  ]);
  if (row === undefined || row.present === 0) return 'absent';
  return row.isCurrent && row.present === DDL_TRIGGERS.length ? 'current' : 'outdated';
}

/** What `freshet check` says about them. */
export function checkDdlCapture(state: DdlCaptureState): readonly Finding[] {
  const subject = 'event triggers';
  switch (state) {
    case 'current':
      return [];
    case 'absent':
      return [
        {
          code: 'DDL_CAPTURE_ABSENT',
          severity: 'info',
          subject,
          message:
            'are not installed: migrations are noticed within seconds by looking at the catalog, not at their place in the stream',
          remedy: 'freshet setup --ddl',
        },
      ];
    case 'outdated':
      return [
        {
          code: 'DDL_CAPTURE_OUTDATED',
          severity: 'warning',
          subject,
          message: 'are of another version of Freshet, disabled or incomplete',
          remedy: 'freshet setup --ddl',
        },
      ];
  }
}
