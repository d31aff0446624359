import { FatalError, RetryableError } from '../../domain/errors.ts';
import type { Finding } from '../../domain/finding.ts';
import { serverAddress } from '../../domain/server-address.ts';

/** @throws the fault itself where it is none of the server's */
export function postgresFaultFinding(fault: unknown, url: string): Finding {
  const subject = `postgres ${serverAddress(url)}`;
  return faultFinding(fault, {
    denied: ({ message, remedy }) => ({
      code: 'POSTGRES_DENIED',
      severity: 'error',
      subject,
      message,
      remedy,
    }),
    unreachable: (reason) => ({
      code: 'POSTGRES_UNREACHABLE',
      severity: 'error',
      subject,
      message: `${reason}; check postgres.url`,
    }),
  });
}

/**
 * One that is away now may come back; until then `run` deletes keys early and confirms nothing.
 * @throws the fault itself where it is none of the server's
 */
export function replicaFaultFinding(fault: unknown, address: string): Finding {
  const subject = `replica ${address}`;
  return faultFinding(fault, {
    denied: ({ message }) => ({
      code: 'REPLICA_DENIED',
      severity: 'error',
      subject,
      message,
      remedy: 'check user, password and database of this server in postgres.replicas',
    }),
    unreachable: (reason) => ({
      code: 'REPLICA_UNREACHABLE',
      severity: 'warning',
      subject,
      message: `${reason}; nothing is confirmed to Postgres until it answers, or is taken out of postgres.replicas`,
    }),
  });
}

interface Wording {
  readonly denied: (refusal: FatalError) => Finding;
  /** @param reason `cannot be asked: ... (ECONNREFUSED)` */
  readonly unreachable: (reason: string) => Finding;
}

/**
 * A server that cannot be asked, as a finding, so that what was learnt elsewhere is told too. A fault that is neither a
 * refusal nor a failed connection is a mistake of Freshet, and thrown.
 */
function faultFinding(fault: unknown, { denied, unreachable }: Wording): Finding {
  if (fault instanceof FatalError && fault.code === 'DENIED') return denied(fault);
  if (!(fault instanceof RetryableError)) throw fault;
  const { cause } = fault;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return unreachable(`cannot be asked: ${fault.message}${code}`);
}
