import { Redis } from 'ioredis';

/** Redis answers nothing for this long although commands wait: the connection counts as dead and is made anew. */
const SOCKET_TIMEOUT_MS = 10_000;

/**
 * A client that keeps commands through an outage and sends them again; the caller bounds how many it gives it.
 * Errors arrive as `error` events; without a listener ioredis prints them.
 */
export function connectRedis(url: string): Redis {
  return new Redis(url, {
    lazyConnect: true,
    connectionName: 'freshet',
    maxRetriesPerRequest: null,
    autoResendUnfulfilledCommands: true,
    enableOfflineQueue: true,
    connectTimeout: 5_000,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000),
    // A demoted primary answers READONLY until its clients move on. 1, not 2: the command fails as well, so that the
    // caller learns of it; ioredis would send it again and again without a word.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 1 : false),
  });
}
