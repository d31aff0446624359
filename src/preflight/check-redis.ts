import type { Finding } from '../domain/finding.ts';
import type { RedisFacts } from '../pipeline/redis/describe-redis.ts';

const OLDEST_VERSION = [6, 2] as const;

/** Whether Redis can be written, and whether what it does when full suits a cache. */
export function checkRedis(redis: RedisFacts): readonly Finding[] {
  const subject = `redis ${redis.address}`;
  if (redis.kind === 'unreachable')
    return [
      {
        code: 'REDIS_UNREACHABLE',
        severity: 'error',
        subject,
        message: `cannot be reached: ${redis.reason}; check redis.url`,
      },
    ];
  const error = (code: string, message: string): Finding => ({ code, severity: 'error', subject, message });
  const findings: Finding[] = [];
  if (redis.version !== undefined && isOld(redis.version))
    findings.push(error('REDIS_TOO_OLD', `is version ${redis.version}; Freshet needs 6.2 or newer`));
  if (redis.isCluster)
    findings.push(error('REDIS_CLUSTER', 'runs in cluster mode, which is not supported yet'));
  if (redis.isReplica)
    findings.push(
      error('REDIS_REPLICA', 'is a replica and accepts no deletes; name the primary in redis.url'),
    );
  if (redis.evictionPolicy === 'noeviction' && redis.maxMemoryBytes > 0)
    findings.push({
      code: 'REDIS_NO_EVICTION',
      severity: 'warning',
      subject,
      message: `has a maxmemory of ${redis.maxMemoryBytes} bytes and evicts nothing: once full, the application cannot store values any more (deletes still work)`,
      remedy: 'redis-cli CONFIG SET maxmemory-policy allkeys-lru',
    });
  return findings;
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1]);
}
