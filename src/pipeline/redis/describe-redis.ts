import type { Redis } from 'ioredis';

/** What one look at Redis tells; the address is `host:port`, without user and password. */
export type RedisFacts =
  | { readonly kind: 'unreachable'; readonly address: string; readonly reason: string }
  /** It serves, but this user may not run INFO. */
  | { readonly kind: 'silent'; readonly address: string }
  | {
      readonly kind: 'reachable';
      readonly address: string;
      /** `7.0.15`; a Valkey tells the Redis version that it is compatible with. */
      readonly version: string | undefined;
      readonly isReplica: boolean;
      readonly isCluster: boolean;
      /** 0 is no limit. */
      readonly maxMemoryBytes: number;
      /** `allkeys-lru`; undefined where the server does not tell. */
      readonly evictionPolicy: string | undefined;
    };

/**
 * Asks INFO alone: managed services refuse CONFIG GET. The client of connectRedis would wait for ever for a server
 * that is away, so the first fault or the deadline is the answer here. The client stays the caller's to close.
 */
export async function describeRedis(redis: Redis, deadlineMs = 5_000): Promise<RedisFacts> {
  const address = redis.options.path ?? `${redis.options.host}:${redis.options.port}`;
  const fault = Promise.withResolvers<never>();
  const timer = setTimeout(() => fault.reject(new Error(`no answer in ${deadlineMs} ms`)), deadlineMs);
  redis.on('error', fault.reject);
  try {
    const info = redis.info();
    // Left behind by the race, it may fail later, when the client is closed.
    info.catch(() => {});
    return parseInfo(address, await Promise.race([info, fault.promise]));
  } catch (error) {
    const reason = describeFault(error);
    return reason === 'NOPERM' ? { kind: 'silent', address } : { kind: 'unreachable', address, reason };
  } finally {
    clearTimeout(timer);
    redis.off('error', fault.reject);
  }
}

function parseInfo(address: string, info: string): RedisFacts {
  const fields = new Map(
    info.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)] as const;
    }),
  );
  return {
    kind: 'reachable',
    address,
    version: fields.get('redis_version'),
    isReplica: fields.get('role') === 'slave',
    isCluster: fields.get('cluster_enabled') === '1',
    maxMemoryBytes: Number(fields.get('maxmemory') ?? 0),
    evictionPolicy: fields.get('maxmemory_policy'),
  };
}

/** The code of a system error or of a reply (`WRONGPASS`), else the error's own words; none holds the password. */
function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown fault';
  if ('code' in error && typeof error.code === 'string') return error.code;
  const [replyCode = error.message] = /^[A-Z]{2,}(?= )/.exec(error.message) ?? [];
  return replyCode;
}
