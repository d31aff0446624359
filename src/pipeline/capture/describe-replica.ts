import { serverAddress } from '../../domain/server-address.ts';
import { QueryPool } from './query-pool.ts';

/** What one look at a replica tells; the address is `host:port`, without user and password. */
export type ReplicaFacts =
  | { readonly kind: 'unreachable'; readonly address: string; readonly fault: unknown }
  | {
      readonly kind: 'reachable';
      readonly address: string;
      readonly inRecovery: boolean;
      readonly systemId: string;
      readonly applyDelayMs: number;
      /** How long replay waits for queries that it would break; -1 for as long as they take. */
      readonly queryDelayMs: number;
      /** The primary keeps what queries here still need, so that replay rarely has to wait for them. */
      readonly hasFeedback: boolean;
    };

/** `pg_settings` gives settings in their base unit. */
const REPLICA_SQL = `
  SELECT pg_is_in_recovery() AS "inRecovery",
         (SELECT system_identifier::text FROM pg_control_system()) AS "systemId",
         (SELECT setting::int FROM pg_settings WHERE name = 'recovery_min_apply_delay') AS "applyDelayMs",
         (SELECT setting::int FROM pg_settings WHERE name = 'max_standby_streaming_delay') AS "queryDelayMs",
         current_setting('hot_standby_feedback')::bool AS "hasFeedback"`;

interface ReplicaRow {
  readonly inRecovery: boolean;
  readonly systemId: string;
  readonly applyDelayMs: number;
  readonly queryDelayMs: number;
  readonly hasFeedback: boolean;
}

export async function describeReplica(url: string): Promise<ReplicaFacts> {
  const address = serverAddress(url);
  await using pool = new QueryPool(url, { connections: 1, timeoutMs: 5_000 });
  try {
    const [row] = await pool.query<ReplicaRow>(REPLICA_SQL);
    if (row === undefined) throw new Error('a SELECT without FROM returned no row');
    return { kind: 'reachable', address, ...row };
  } catch (fault) {
    return { kind: 'unreachable', address, fault };
  }
}
