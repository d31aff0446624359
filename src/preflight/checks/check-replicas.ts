import type { Finding } from '../../domain/finding.ts';
import type { ErrorCode } from '../../domain/finding-codes.ts';
import type { Query } from '../../domain/query.ts';
import type { ReplicaFacts } from '../../pipeline/capture/describe-replica.ts';
import { replicaFaultFinding } from './fault-finding.ts';

type Reachable = Extract<ReplicaFacts, { kind: 'reachable' }>;

/** Beyond that what readers see, and with it the confirmed position, is surprisingly old. */
const LONG_DELAY_MS = 10_000;

/** Of the server that `query` asks; a standby has that of its primary. @throws whatever `query` throws */
export async function readSystemId(query: Query): Promise<string | undefined> {
  const [row] = await query<{ id: string }>('SELECT system_identifier::text AS id FROM pg_control_system()');
  return row?.id;
}

/**
 * Whether each replica is one, of this very primary, and what may hold up its replay.
 * @param systemId of the primary; undefined where it could not be asked
 */
export function checkReplicas(
  replicas: readonly ReplicaFacts[],
  systemId: string | undefined,
): readonly Finding[] {
  return replicas
    .map((replica) => {
      if (replica.kind === 'unreachable') return replicaFaultFinding(replica.fault, replica.address);
      const subject = `replica ${replica.address}`;
      return checkOrigin(subject, replica, systemId) ?? checkDelay(subject, replica);
    })
    .filter((finding) => finding !== undefined);
}

function checkOrigin(subject: string, replica: Reachable, systemId: string | undefined): Finding | undefined {
  const error = (code: ErrorCode, message: string): Finding => ({
    code,
    severity: 'error',
    subject,
    message,
  });
  if (systemId !== undefined && replica.systemId !== systemId)
    return error(
      'REPLICA_OF_OTHER_SERVER',
      'has another system identifier than postgres.url: it is no standby of that server; correct postgres.replicas',
    );
  if (!replica.inRecovery)
    return error(
      'REPLICA_NOT_IN_RECOVERY',
      'is no standby: it is the primary itself, or was promoted; take it out of postgres.replicas',
    );
  return undefined;
}

function checkDelay(
  subject: string,
  { applyDelayMs, queryDelayMs, hasFeedback }: Reachable,
): Finding | undefined {
  if (applyDelayMs > 0)
    return {
      code: 'REPLICA_DELAYED',
      severity: 'warning',
      subject,
      message: `has a recovery_min_apply_delay of ${applyDelayMs} ms: every key is deleted for good, and every position confirmed, that much later`,
      remedy: 'ALTER SYSTEM RESET recovery_min_apply_delay;\nSELECT pg_reload_conf();',
    };
  if (hasFeedback || (queryDelayMs >= 0 && queryDelayMs < LONG_DELAY_MS)) return undefined;
  const limit = queryDelayMs < 0 ? 'as long as it takes' : `up to ${queryDelayMs} ms`;
  return {
    code: 'REPLICA_WAITS_FOR_QUERIES',
    severity: 'info',
    subject,
    message: `a long query there can hold up replay for ${limit} (max_standby_streaming_delay), and confirmations with it`,
    remedy: 'ALTER SYSTEM SET hot_standby_feedback = on;\nSELECT pg_reload_conf();',
  };
}
