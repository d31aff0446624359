/** What `@freshet/daemon/client` exports; README.md beside this file is its reference. */

export type { Cache, LoadContext, Loader, ManyLoader, Value } from './cache.ts';
export type { BypassReason, CacheEvent } from './cache-event.ts';
export type { Codec } from './codec.ts';
export { type CacheOptions, createCache } from './create-cache.ts';
export type { Duration } from './duration.ts';
export { fromIoredis, type IoredisClient } from './from-ioredis.ts';
export { fromNodeRedis, type NodeRedisClient } from './from-node-redis.ts';
export type { LeaseScript } from './lease-script.ts';
export { LoadRefusedError } from './load-limiter.ts';
export type { CacheStats } from './observer.ts';
export { canFill, lastCommitLsn, type PgConnection } from './pg-connection.ts';
export type { KeepOptions, ReadOptions } from './read-options.ts';
export type { RedisPort } from './redis-port.ts';
export { LoadTimeoutError } from './run-load.ts';
