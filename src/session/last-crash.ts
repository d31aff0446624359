import type { Query } from '../domain/query.ts';

/** A crash resets the statistics of the server, a restart in order keeps them. Settings of single sessions are not known. */
const LAST_CRASH = `
  SELECT (SELECT extract(epoch FROM stats_reset)::text FROM pg_stat_wal) AS crash
   WHERE EXISTS (SELECT FROM pg_settings WHERE name = 'synchronous_commit' AND reset_val = 'off')
      OR EXISTS (SELECT FROM pg_db_role_setting, unnest(setconfig) AS setting
                  WHERE setting ~* '^synchronous_commit=(off|false|no|0)$')`;

/**
 * When the server last lost what was not on disk. Undefined unless commits may be visible before they are there, with
 * `synchronous_commit` off for the server, a database or a role: without that a crash takes back nothing that was seen.
 * @throws RetryableError
 */
export async function lastCrash(query: Query): Promise<string | undefined> {
  const [row] = await query<{ crash: string }>(LAST_CRASH);
  return row?.crash;
}
