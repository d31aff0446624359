import type { Settings } from '../config/settings.ts';
import { FatalError, RetryableError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { Rule } from '../domain/rule.ts';
import { describeReplica } from '../pipeline/capture/describe-replica.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { AskedRedis } from '../pipeline/redis/asked-redis.ts';
import { SourceMarker } from '../pipeline/redis/source-marker.ts';
import { preflight } from '../preflight/preflight.ts';
import { LOCK_LIMITS } from '../preflight/setup/run-statement.ts';
import { setUp } from '../preflight/setup/set-up.ts';
import type { FindingLog } from './finding-log.ts';
import { refuseErrors } from './preflight-error.ts';

export interface PrepareOptions {
  readonly settings: Settings;
  readonly rules: readonly Rule[];
  /** Sessions of this process have begun: whoever streams from the slot may be one of them. */
  readonly isRunning: boolean;
  readonly log: Log;
  readonly findingLog: FindingLog;
}

/**
 * What has to be true before the first session: the same proof as `freshet check`.
 * @throws RetryableError while a server is away; PreflightError when a finding is an error
 */
export async function prepare(options: PrepareOptions): Promise<void> {
  const { settings, rules, isRunning, findingLog } = options;
  await using pool = new QueryPool(settings.postgres.url);
  await using redis = await AskedRedis.open(settings.redis.url);
  const client = redis.reachableClient();
  if (settings.postgres.createMissing)
    await createMissing(options, pool, new SourceMarker(client, settings.postgres.slot));
  const replicas = await Promise.all(settings.postgres.replicas.map(describeReplica));
  const findings = await preflight(rules, settings, pool.query, redis.facts, replicas);
  findingLog.tell(findings.filter(({ code }) => !isRunning || code !== 'SLOT_ACTIVE'));
  const creating = findings.find(({ code }) => code === 'SLOT_BEING_CREATED');
  if (creating !== undefined) throw new RetryableError(`${creating.subject} ${creating.message}`);
  refuseErrors(findings);
}

/** Creates what a first start lacks. A slot that is missing later was lost, and changes with it. */
async function createMissing(
  { settings: { postgres }, rules, log }: PrepareOptions,
  { query, lockingQuery }: QueryPool,
  marker: SourceMarker,
): Promise<void> {
  const slots = await query('SELECT 1 FROM pg_replication_slots WHERE slot_name = $1', [postgres.slot]);
  if (slots.length === 0 && (await marker.read()) !== undefined) {
    throw new FatalError(
      'SLOT_MISSING',
      `replication slot ${postgres.slot} does not exist, but keys in Redis were kept right through it; changes since then are not known`,
      `clear the keys of the rules in Redis, then DEL ${marker.key} and start again: a new slot is created`,
    );
  }
  const report = (line: string): void => log.info({}, line);
  await setUp({ rules, postgres, query, lockingQuery, limits: LOCK_LIMITS, report });
}
