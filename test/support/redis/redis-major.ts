import type { Redis } from 'ioredis';

/** Of the Redis that it is compatible with: Valkey says 7. */
export async function redisMajor(redis: Redis): Promise<number> {
  const [, major] = /redis_version:(\d+)/.exec(await redis.info('server')) ?? [];
  return Number(major);
}
