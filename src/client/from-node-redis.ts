import { evalBySha } from './eval-by-sha.ts';
import type { RedisPort } from './redis-port.ts';

interface ScriptOptions {
  keys: string[];
  arguments: string[];
}

/** What of node-redis (`redis`, `@redis/client`) is used: clients, clusters and sentinels have it. */
export interface NodeRedisClient {
  evalSha(sha1: string, options: ScriptOptions): Promise<unknown>;
  eval(lua: string, options: ScriptOptions): Promise<unknown>;
  unlink(key: string): Promise<unknown>;
}

export function fromNodeRedis(client: NodeRedisClient): RedisPort {
  return {
    run: ({ sha1, lua }, key, args) => {
      const options: ScriptOptions = { keys: [key], arguments: [...args] };
      return evalBySha(
        () => client.evalSha(sha1, options),
        () => client.eval(lua, options),
      );
    },
    remove: async (keys) => {
      await Promise.all(keys.map((key) => client.unlink(key)));
    },
  };
}
