import type { Writable } from 'node:stream';
import type { FlagValues } from '../src/config/flag-layer.ts';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSettings } from '../src/config/load-settings.ts';
import type { Settings } from '../src/config/settings.ts';
import { bySeverity, type Finding } from '../src/domain/finding.ts';
import type { Rule } from '../src/domain/rule.ts';
import { describeReplica } from '../src/pipeline/capture/describe-replica.ts';
import { QueryPool } from '../src/pipeline/capture/query-pool.ts';
import { AskedRedis } from '../src/pipeline/redis/asked-redis.ts';
import { checkRedis } from '../src/preflight/checks/check-redis.ts';
import { checkReplicas } from '../src/preflight/checks/check-replicas.ts';
import { postgresFaultFinding } from '../src/preflight/checks/fault-finding.ts';
import { countChecked } from '../src/preflight/count-checked.ts';
import { formatFindings } from '../src/preflight/format-findings.ts';
import { preflight } from '../src/preflight/preflight.ts';
import { FATAL_EXIT_CODES } from './exit-codes.ts';

export interface CheckOptions {
  readonly configFile?: string | undefined;
  /** Flags that override settings. */
  readonly overrides?: FlagValues;
  readonly output: 'text' | 'json';
}

/**
 * `freshet check`: validates settings and rules, then asks the live servers.
 * @returns 0, or 3 where a finding is an error
 * @throws ConfigError
 */
export async function check(
  { configFile, overrides = {}, output: format }: CheckOptions,
  output: Pick<Writable, 'write'>,
): Promise<number> {
  const settings = loadSettings({ configFile, env: process.env, overrides });
  const rules = loadRules(settings.rules);
  const findings = await askServers(rules, settings);
  const hasErrors = findings.some(({ severity }) => severity === 'error');
  output.write(
    format === 'json'
      ? `${JSON.stringify({ ok: !hasErrors, ...countChecked(rules), findings }, null, 2)}\n`
      : formatFindings(findings, rules),
  );
  return hasErrors ? FATAL_EXIT_CODES.PREFLIGHT_FAILED : 0;
}

/** A server that is away keeps nobody from learning about the other one. */
async function askServers(rules: readonly Rule[], settings: Settings): Promise<readonly Finding[]> {
  await using redis = await AskedRedis.open(settings.redis.url);
  await using pool = new QueryPool(settings.postgres.url);
  const replicas = await Promise.all(settings.postgres.replicas.map(describeReplica));
  return await preflight(rules, settings, pool.query, redis.facts, replicas).catch((fault: unknown) =>
    bySeverity([
      postgresFaultFinding(fault, settings.postgres.url),
      ...checkReplicas(replicas, undefined),
      ...checkRedis(redis.facts),
    ]),
  );
}
