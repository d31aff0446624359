import type { Settings } from '../config/settings.ts';
import { FatalError, isFatalCode, RetryableError } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import type { Log } from '../domain/log.ts';
import type { Rule } from '../domain/rule.ts';
import { describeReplica } from '../pipeline/capture/describe-replica.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { connectRedis } from '../pipeline/redis/connect-redis.ts';
import { describeRedis } from '../pipeline/redis/describe-redis.ts';
import { SourceMarker } from '../pipeline/redis/source-marker.ts';
import { preflight } from '../preflight/preflight.ts';
import { setUp } from '../preflight/setup/set-up.ts';

export interface PrepareOptions {
  readonly settings: Settings;
  readonly rules: readonly Rule[];
  readonly log: Log;
}

/**
 * What has to be true before the first session: the same proof as `freshet check`.
 * @throws RetryableError while a server is away; FatalError when a finding is an error
 */
export async function prepare(options: PrepareOptions): Promise<void> {
  const { settings, rules, log } = options;
  await using pool = new QueryPool(settings.postgres.url);
  const redis = connectRedis(settings.redis.url);
  // Without a listener ioredis prints errors; describeRedis reports them.
  redis.on('error', () => {});
  try {
    const facts = await describeRedis(redis);
    if (facts.kind === 'unreachable')
      throw new RetryableError(`Redis ${facts.address} cannot be reached: ${facts.reason}`);
    if (settings.postgres.createMissing)
      await createMissing(options, pool, new SourceMarker(redis, settings.postgres.slot));
    const replicas = await Promise.all(settings.postgres.replicas.map(describeReplica));
    const findings = await preflight(rules, settings, pool.query, facts, replicas);
    for (const finding of findings) report(finding, log);
    const errors = findings.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    if (first === undefined) return;
    if (first.code === 'SLOT_BEING_CREATED') throw new RetryableError(`${first.subject} ${first.message}`);
    throw new FatalError(
      isFatalCode(first.code) ? first.code : 'PREFLIGHT_FAILED',
      errors.map(({ subject, message }) => `${subject} ${message}`).join('\n'),
      first.remedy ?? '`freshet check` prints every finding with its remedy',
    );
  } finally {
    redis.disconnect();
  }
}

/** Creates what a first start lacks. A slot that is missing later was lost, and changes with it. */
async function createMissing(
  { settings: { postgres }, rules, log }: PrepareOptions,
  { query, patientQuery }: QueryPool,
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
  await setUp({ rules, postgres, query, patientQuery, report: (line) => log.info({}, line) });
}

function report({ severity, code, subject, message, remedy }: Finding, log: Log): void {
  const fields = { code, subject, ...(remedy === undefined ? {} : { remedy }) };
  if (severity === 'error') log.error(fields, message);
  else if (severity === 'warning') log.warn(fields, message);
  else log.info(fields, message);
}
