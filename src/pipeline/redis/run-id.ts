import type { Redis } from 'ioredis';
import { refuse } from './redis-errors.ts';

/**
 * Names the process of Redis: another one after a restart and after a failover. Undefined where the server does not tell.
 * @throws RetryableError
 */
export async function runIdOf(redis: Redis): Promise<string | undefined> {
  const info = await redis.info('server').catch(refuse);
  return /^run_id:(\w+)/m.exec(info)?.[1];
}
