import { serverAddress } from '../domain/server-address.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { type ReplicaObserver, ReplicaProbe } from '../pipeline/ready/replica-probe.ts';

/** One question at a time, and one that is away must soon be known to be. */
const POOL_LIMITS = { connections: 1, timeoutMs: 2_000 };

/**
 * @param pools takes what is to be closed with the session
 * @param signal aborts when the session ends
 */
export function openReplicas(
  urls: readonly string[],
  observer: ReplicaObserver,
  pools: AsyncDisposableStack,
  signal: AbortSignal,
): readonly ReplicaProbe[] {
  return urls.map((url) => {
    const { query } = pools.use(new QueryPool(url, POOL_LIMITS));
    return new ReplicaProbe({ address: serverAddress(url), query, observer, signal });
  });
}
