import type { LeaseScript } from './lease-script.ts';

/**
 * What the cache asks of a Redis client. Every command has one key, so that it goes to any server, Cluster too; commands
 * of one tick may share a round trip. Whatever goes wrong rejects.
 */
export interface RedisPort {
  readonly run: (script: LeaseScript, key: string, args: readonly string[]) => Promise<unknown>;
  /** UNLINK of each. */
  readonly remove: (keys: readonly string[]) => Promise<void>;
}
