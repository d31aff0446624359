import { RetryableError } from '../../domain/errors.ts';

/**
 * Every fault of Redis is worth another try: a server that loads, was demoted or has lost a permission can be mended
 * while the daemon waits, and nothing is confirmed meanwhile. Of the driver's error only the code is kept: it holds the
 * command, and Redis quotes keys in its messages.
 */
export function classifyRedisError(error: unknown): RetryableError {
  return new RetryableError(`Redis failed (${codeOf(error)})`);
}

/** Ends a rejected command. @throws RetryableError */
export function refuse(error: unknown): never {
  throw classifyRedisError(error);
}

/** `NOPERM`, `READONLY`, ... of a reply, `ECONNRESET` of a connection. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown fault';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]+(?= )/.exec(error.message)?.[0] ?? error.name;
}
