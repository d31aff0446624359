import { styleText } from 'node:util';
import { formatReport, type Report, type StaleKey } from '../src/audit/format-report.ts';
import type { Progress } from '../src/audit/verify-keys.ts';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSettings } from '../src/config/load-settings.ts';
import { ConfigError } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { runVerification } from '../src/session/run-verification.ts';
import { nearestName } from '../src/suggest/nearest-name.ts';
import { STALE_KEYS_EXIT_CODE } from './exit-codes.ts';
import { ProgressLine } from './progress-line.ts';

export interface VerifyCommandOptions {
  readonly configFile?: string | undefined;
  /** Names of rules; without any, all that can be verified. */
  readonly only?: readonly string[] | undefined;
  /** Keys of each template to compare; Infinity is all. */
  readonly sample: number;
  /** Chooses from keys that change in so long from now, instead of from all that are cached. */
  readonly recentMs?: number | undefined;
  /** How long a change may be on its way. */
  readonly withinMs: number;
  readonly repair: boolean;
  readonly output: 'text' | 'json';
}

/**
 * `freshet verify`: compares cached keys with what the database says.
 * @returns 0, or 10 where a key was stale, repaired or not
 * @throws ConfigError, RetryableError while a server is away
 */
export async function verify(
  options: VerifyCommandOptions,
  output: NodeJS.WriteStream,
  terminal: NodeJS.WriteStream,
): Promise<number> {
  const { sample, recentMs, withinMs, repair } = options;
  const settings = loadSettings({ configFile: options.configFile, env: process.env });
  const rules = choose(loadRules(settings.rules), options.only);
  const report = await verifyWithProgress(terminal, recentMs, (onProgress) =>
    runVerification({ settings, rules, sample, recentMs, withinMs, repair, onProgress }, NEVER),
  );
  output.write(
    options.output === 'json'
      ? `${JSON.stringify(toJson(report), null, 2)}\n`
      : formatReport(report, (look, text) => styleText(look, text, { stream: output })),
  );
  return report.staleKeys.length === 0 ? 0 : STALE_KEYS_EXIT_CODE;
}

/** Ctrl-C ends the process: there is nothing to put back. */
const NEVER = AbortSignal.any([]);

/** @throws ConfigError for a name that no rule has */
function choose(rules: readonly Rule[], only: readonly string[] | undefined): readonly Rule[] {
  if (only === undefined) return rules;
  const names = rules.map(({ name }) => name);
  const problems = only
    .filter((name) => !names.includes(name))
    .map((name) => {
      const nearest = nearestName(name, names);
      const remedy = nearest === undefined ? {} : { remedy: `did you mean ${nearest}?` };
      return { where: '--rule', message: `no rule has the name ${name}`, ...remedy };
    });
  if (problems.length > 0) throw new ConfigError(problems);
  return rules.filter(({ name }) => only.includes(name));
}

async function verifyWithProgress<T>(
  terminal: NodeJS.WriteStream,
  recentMs: number | undefined,
  work: (onProgress: (progress: Progress, keys: number) => void) => Promise<T>,
): Promise<T> {
  using line = new ProgressLine(terminal);
  const startedMs = performance.now();
  return await work((progress, keys) => {
    if (progress.kind === 'scanning' && recentMs !== undefined)
      line.show(
        `${progress.scanned.toLocaleString('en')} keys have changed`,
        (performance.now() - startedMs) / recentMs,
      );
    else if (progress.kind === 'scanning')
      line.show(`looking through ${keys.toLocaleString('en')} keys`, progress.scanned / keys);
    else
      line.show(
        `${progress.compared.toLocaleString('en')} of ${progress.of.toLocaleString('en')} keys compared`,
        progress.compared / progress.of,
      );
  });
}

function toJson(report: Report): object {
  const { templates, staleKeys, withoutTtl, unaudited, repaired, compared } = report;
  const { staleShareAtMost, isWhole, consistentWithinMs } = report;
  return {
    ok: staleKeys.length === 0,
    compared,
    consistentWithinMs,
    staleShareAtMost,
    allKeysCompared: isWhole,
    templates,
    stale: staleKeys.map(staleToJson),
    withoutTtl: withoutTtl.map(({ key, template: { rule } }) => ({ key, rule })),
    notVerified: unaudited,
    repaired,
  };
}

function staleToJson({ key, template: { rule, template }, verdict, ttlMs, writtenAt }: StaleKey): object {
  const how = verdict.kind === 'stale' ? verdict.how : undefined;
  return { key, rule, template, how, ttlMs: ttlMs ?? null, writtenAtLsn: writtenAt ?? null };
}
