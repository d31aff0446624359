import { styleText } from 'node:util';
import { formatReport, type Report, type StaleKey } from '../src/audit/format-report.ts';
import type { Progress } from '../src/audit/verify-keys.ts';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSettings } from '../src/config/load-settings.ts';
import { ConfigError } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { runVerification } from '../src/session/run-verification.ts';
import { nearestName } from '../src/suggest/nearest-name.ts';
import { STALE_KEYS_EXIT_CODE, UNDECIDED_EXIT_CODE } from './exit-codes.ts';
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
 * @returns 0, 10 where a key was stale, repaired or not, or 11 where all that was found are differences that stay
 * undecided
 * @throws ConfigError, RetryableError while a server is away, FatalError for a slot that is missing
 */
export async function verify(
  options: VerifyCommandOptions,
  output: NodeJS.WriteStream,
  terminal: NodeJS.WriteStream,
): Promise<number> {
  const { only, sample, recentMs, withinMs, repair } = options;
  const settings = loadSettings({ configFile: options.configFile, env: process.env });
  const rules = loadRules(settings.rules);
  assertNames(rules, only);
  const report = await verifyWithProgress(terminal, recentMs, (onProgress) =>
    runVerification({ settings, rules, only, sample, recentMs, withinMs, repair, onProgress }, NEVER),
  );
  output.write(
    options.output === 'json'
      ? `${JSON.stringify(toJson(report), null, 2)}\n`
      : formatReport(report, (look, text) => styleText(look, text, { stream: output })),
  );
  return exitCodeFor(report);
}

function exitCodeFor({ staleKeys, compared, undecided }: Report): number {
  if (staleKeys.length > 0) return STALE_KEYS_EXIT_CODE;
  return compared === 0 && undecided > 0 ? UNDECIDED_EXIT_CODE : 0;
}

/** Ctrl-C ends the process: there is nothing to put back. */
const NEVER = AbortSignal.any([]);

/** @throws ConfigError for a name that no rule has */
function assertNames(rules: readonly Rule[], only: readonly string[] = []): void {
  const names = rules.map(({ name }) => name);
  const problems = only
    .filter((name) => !names.includes(name))
    .map((name) => {
      const nearest = nearestName(name, names);
      const remedy = nearest === undefined ? {} : { remedy: `did you mean ${nearest}?` };
      return { where: '--rule', message: `no rule has the name ${name}`, ...remedy };
    });
  if (problems.length > 0) throw new ConfigError(problems);
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
  const { templates, staleKeys, withoutTtl, unaudited, repaired, compared, undecided, ambiguous } = report;
  const { staleShareAtMost, isWhole, consistentWithinMs } = report;
  return {
    ok: exitCodeFor(report) === 0,
    compared,
    undecided,
    ambiguous,
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
