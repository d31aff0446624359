import { RetryableError } from '../../domain/errors.ts';

/**
 * Every fault of Redis is worth another try: a server that loads, was demoted or has lost a permission can be mended
 * while the daemon waits, and nothing is confirmed meanwhile. The driver's error is not kept as the cause: it holds
 * the command, and so keys.
 */
export function classifyRedisError(error: unknown): RetryableError {
  return new RetryableError(`Redis failed: ${error instanceof Error ? error.message : 'unknown fault'}`);
}
