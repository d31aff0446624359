import { auditTemplates } from '../audit/audited-template.ts';
import { confirmedPosition } from '../audit/confirmed-position.ts';
import type { Report, StaleKey } from '../audit/format-report.ts';
import { summarize } from '../audit/summarize.ts';
import { type Progress, verifyKeys } from '../audit/verify-keys.ts';
import type { Settings } from '../config/settings.ts';
import { formatLsn, toLsn } from '../domain/lsn.ts';
import type { Rule } from '../domain/rule.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { AskedRedis } from '../pipeline/redis/asked-redis.ts';
import { KeySpace } from '../pipeline/redis/key-space.ts';
import { ValueReader } from '../pipeline/redis/value-reader.ts';
import { followKeys } from './follow-keys.ts';
import { openAuditor } from './open-auditor.ts';

export interface VerificationOptions {
  readonly settings: Settings;
  /** All of them: the others have keys too, that must not be taken for keys of these. */
  readonly rules: readonly Rule[];
  /** Names of the rules to verify; undefined is all. */
  readonly only: readonly string[] | undefined;
  /** Keys of each template to compare; Infinity is all. */
  readonly sample: number;
  /** Chooses from keys that change in so long from now, instead of from all that are cached. */
  readonly recentMs: number | undefined;
  /** How long a change may be on its way. */
  readonly withinMs: number;
  /** Whether stale keys are deleted. */
  readonly repair: boolean;
  /** @param keys that Redis has in all */
  readonly onProgress: (progress: Progress, keys: number) => void;
}

/**
 * One audit, beside a daemon that may be running: opens its own clients and closes them.
 * @throws RetryableError while a server is away, FatalError for a slot that is missing or a query that is refused
 */
export async function runVerification(options: VerificationOptions, signal: AbortSignal): Promise<Report> {
  const { settings, rules, only, sample, recentMs, withinMs, repair, onProgress } = options;
  const { slot, url } = settings.postgres;
  const { audited, unaudited, ownerOf } = auditTemplates(rules, only);
  await using redis = await AskedRedis.open(settings.redis.url);
  await using pool = new QueryPool(url);
  const client = redis.reachableClient();
  await confirmedPosition(pool.query, slot);
  const keySpace = new KeySpace(client);
  const values = new ValueReader(client);
  const size = await keySpace.size();
  const results = await verifyKeys({
    templates: audited,
    ownerOf,
    sample,
    scan: async (pattern, onKeys) => {
      if (recentMs === undefined) return keySpace.scan(pattern, onKeys, signal);
      const over = AbortSignal.any([signal, AbortSignal.timeout(recentMs)]);
      const followed = rules.filter(({ name }) => only?.includes(name) ?? true);
      return followKeys({ postgres: settings.postgres, rules: followed }, (key) => onKeys([key]), over);
    },
    auditor: openAuditor({ pool, slot, values, withinMs }, signal),
    onProgress: (progress) => onProgress(progress, size),
  });
  const summary = summarize(results);
  const staleKeys = await Promise.all(
    summary.stale.map(async (judged): Promise<StaleKey> => {
      const lsn = await values.writtenAt(judged.key);
      return { ...judged, writtenAt: lsn === undefined ? undefined : formatLsn(toLsn(lsn)) };
    }),
  );
  const repaired = repair ? await keySpace.remove(staleKeys.map(({ key }) => key)) : 0;
  return { ...summary, slot, staleKeys, unaudited, repaired };
}
