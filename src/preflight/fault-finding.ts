import { FatalError, RetryableError } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';

/**
 * A server that cannot be asked, as a finding, so that what was learnt elsewhere is told too.
 * @throws the fault itself where it is none of the two families: then it is a mistake of Freshet
 */
export function postgresFaultFinding(fault: unknown, url: string): Finding {
  const subject = `postgres ${addressOf(url)}`;
  if (fault instanceof FatalError)
    return {
      code: `POSTGRES_${fault.code}`,
      severity: 'error',
      subject,
      message: fault.message,
      remedy: fault.remedy,
    };
  if (!(fault instanceof RetryableError)) throw fault;
  const { cause } = fault;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return {
    code: 'POSTGRES_UNREACHABLE',
    severity: 'error',
    subject,
    message: `cannot be asked: ${fault.message}${code}; check postgres.url`,
  };
}

/** `host:port`, never user or password. */
function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname || 'localhost'}:${port || '5432'}`;
}
