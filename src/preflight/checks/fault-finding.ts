import { FatalError, RetryableError } from '../../domain/errors.ts';
import type { Finding } from '../../domain/finding.ts';
import { serverAddress } from '../../domain/server-address.ts';

/**
 * A server that cannot be asked, as a finding, so that what was learnt elsewhere is told too.
 * @throws the fault itself where it is none of the two families: then it is a mistake of Freshet
 */
export function postgresFaultFinding(fault: unknown, url: string): Finding {
  const subject = `postgres ${serverAddress(url)}`;
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
