import type { Finding } from '../../domain/finding.ts';
import type { ErrorCode } from '../../domain/finding-codes.ts';
import type { RedisFacts } from '../../pipeline/redis/describe-redis.ts';

const OLDEST_VERSION = [6, 2] as const;

/** Codes of the system and of Redis, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ENOTFOUND: 'there is no such host (ENOTFOUND)',
  NOAUTH: 'it wants a password (NOAUTH)',
  WRONGPASS: 'it refuses this user or password (WRONGPASS)',
};

/** Whether Redis can be written, and whether what it does when full suits a cache. */
export function checkRedis(redis: RedisFacts): readonly Finding[] {
  const subject = `redis ${redis.address}`;
  if (redis.kind === 'unreachable') return [unreachable(subject, redis.reason)];
  if (redis.kind === 'silent') return [unknown(subject)];
  const error = (code: ErrorCode, message: string): Finding => ({
    code,
    severity: 'error',
    subject,
    message,
  });
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
      message: `has a maxmemory of ${redis.maxMemoryBytes} bytes and evicts nothing: once full, neither the application nor rules can store values any more (deletes still work, and what a rule would store is deleted)`,
      remedy: 'redis-cli CONFIG SET maxmemory-policy allkeys-lru',
    });
  return findings;
}

function unknown(subject: string): Finding {
  return {
    code: 'REDIS_UNKNOWN',
    severity: 'error',
    subject,
    message: 'this user may not run INFO, by which Freshet knows the server and notices another one',
    remedy: 'redis-cli ACL SETUSER <the user of redis.url> +info',
  };
}

function unreachable(subject: string, reason: string): Finding {
  const message = `does not serve: ${REASONS[reason] ?? reason}; check redis.url`;
  return { code: 'REDIS_UNREACHABLE', severity: 'error', subject, message };
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1]);
}
