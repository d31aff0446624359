import type { Query } from '../../domain/query.ts';

/** What the server says of itself and of the role that asks. */
export interface ServerFacts {
  /** `server_version_num`: 170004 is 17.4. */
  readonly version: number;
  readonly walLevel: string;
  readonly inRecovery: boolean;
  readonly database: string;
  readonly role: string;
  /** REPLICATION, superuser, or a member of Amazon's rds_replication. */
  readonly mayReplicate: boolean;
  readonly slots: Capacity;
  readonly walSenders: Capacity;
  /** Megabytes; -1 is no limit. */
  readonly maxSlotWalKeepSizeMb: number;
  /** 0 is no limit. */
  readonly walSenderTimeoutMs: number;
  readonly synchronousStandbyNames: string;
  /** By which `synchronousStandbyNames` would know the connection that streams. */
  readonly applicationName: string;
}

export interface Capacity {
  readonly used: number;
  readonly max: number;
}

interface ServerRow extends Omit<ServerFacts, 'slots' | 'walSenders'> {
  readonly slotsUsed: number;
  readonly slotsMax: number;
  readonly sendersUsed: number;
  readonly sendersMax: number;
}

/** `pg_settings` gives settings in their base unit, where `current_setting` would say `1min`. */
const SERVER_SQL = `
  SELECT current_setting('server_version_num')::int AS version,
         current_setting('wal_level') AS "walLevel",
         pg_is_in_recovery() AS "inRecovery",
         current_database() AS database,
         current_user::text AS role,
         EXISTS (SELECT FROM pg_roles
                 WHERE rolname = current_user AND (rolreplication OR rolsuper))
           OR EXISTS (SELECT FROM pg_roles
                      WHERE rolname = 'rds_replication' AND pg_has_role(oid, 'USAGE')) AS "mayReplicate",
         (SELECT count(*) FROM pg_replication_slots)::int AS "slotsUsed",
         current_setting('max_replication_slots')::int AS "slotsMax",
         (SELECT count(*) FROM pg_stat_replication)::int AS "sendersUsed",
         current_setting('max_wal_senders')::int AS "sendersMax",
         (SELECT setting::int FROM pg_settings WHERE name = 'max_slot_wal_keep_size') AS "maxSlotWalKeepSizeMb",
         (SELECT setting::int FROM pg_settings WHERE name = 'wal_sender_timeout') AS "walSenderTimeoutMs",
         current_setting('synchronous_standby_names') AS "synchronousStandbyNames",
         current_setting('application_name') AS "applicationName"`;

/** @throws whatever `query` throws */
export async function readServerFacts(query: Query): Promise<ServerFacts> {
  const [row] = await query<ServerRow>(SERVER_SQL);
  if (row === undefined) throw new Error('a SELECT without FROM returned no row');
  const { slotsUsed, slotsMax, sendersUsed, sendersMax, ...facts } = row;
  return {
    ...facts,
    slots: { used: slotsUsed, max: slotsMax },
    walSenders: { used: sendersUsed, max: sendersMax },
  };
}
