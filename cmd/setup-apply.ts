import type { Writable } from 'node:stream';
import type { Settings } from '../src/config/settings.ts';
import { FatalError } from '../src/domain/errors.ts';
import { bySeverity } from '../src/domain/finding.ts';
import type { Rule } from '../src/domain/rule.ts';
import { QueryPool } from '../src/pipeline/capture/query-pool.ts';
import { countChecked } from '../src/preflight/count-checked.ts';
import { readPostgresFacts } from '../src/preflight/facts/postgres-facts.ts';
import { formatFindings } from '../src/preflight/format-findings.ts';
import { askPostgres, checkPostgres } from '../src/preflight/preflight.ts';
import { applyMends } from '../src/preflight/setup/apply-mends.ts';
import { describeResult, formatPlan, formatResult } from '../src/preflight/setup/format-mends.ts';
import {
  concernsSlotAlone,
  concernsStream,
  planMends,
  streamObstacles,
} from '../src/preflight/setup/plan-mends.ts';
import { LOCK_LIMITS, runStatement } from '../src/preflight/setup/run-statement.ts';
import { STALE_ADVICE } from '../src/preflight/setup/set-up.ts';
import { readSettledFacts } from '../src/preflight/setup/settled-facts.ts';
import { installDdlCapture } from './ddl-capture.ts';
import { FATAL_EXIT_CODES } from './exit-codes.ts';

export interface SetupApplyOptions {
  readonly rules: readonly Rule[];
  readonly postgres: Settings['postgres'];
  readonly ddl: boolean;
  readonly format: 'text' | 'json';
}

/**
 * `freshet setup --apply`: runs the statements of all findings, then asks the server again.
 * @returns 0, or 3 where a finding that is left is an error, as `check` does
 * @throws RetryableError when the server goes away; FatalError DENIED where it lets nobody in, or for the event triggers
 */
export async function setupApply(
  { rules, postgres, ddl, format }: SetupApplyOptions,
  output: Pick<Writable, 'write'>,
): Promise<number> {
  await using pool = new QueryPool(postgres.url);
  const { query, lockingQuery, patientQuery } = pool;
  const print = (text: string): void => {
    if (format === 'text') output.write(text);
  };
  const report = (line: string): void => print(`${line}\n`);
  // What `run` would create is to be created here.
  const wanted = { ...postgres, createMissing: false };

  await readSettledFacts({ rules, postgres, query, report });
  const before = await askPostgres(rules, wanted, query);
  const plan = planMends(before);
  print(plan.length === 0 ? 'nothing to do: no finding has SQL that setup may run\n\n' : formatPlan(plan));
  const results = await applyMends(plan, {
    run: ({ number, statement }) =>
      runStatement(statement, { what: `${number}`, query, lockingQuery, report, limits: LOCK_LIMITS }),
    readObstacles: async () =>
      streamObstacles(checkPostgres(await readPostgresFacts(query, rules, wanted), wanted)),
    onResult: (result) => report(formatResult(result)),
  });
  const lacksTriggers = before.some(
    ({ code }) => code === 'DDL_CAPTURE_ABSENT' || code === 'DDL_CAPTURE_OUTDATED',
  );
  const denied =
    ddl && lacksTriggers ? await installDdlCapture(patientQuery, report).catch(asDenied) : undefined;
  const after = await askPostgres(rules, postgres, query);
  const slot = after.find(({ code }) => code === 'SLOT_MISSING');
  const isStreamTouched = results.some(
    ({ statement, outcome }) => outcome.kind === 'done' && concernsStream(statement),
  );
  // Without a slot there is no stream that the order could travel in.
  if (isStreamTouched && slot === undefined) report(STALE_ADVICE);
  if (results.length > 0) report('');

  const findings = bySeverity(after).filter(
    (finding) => slot?.severity === 'error' || !concernsSlotAlone(finding),
  );
  const ok = findings.every(({ severity }) => severity !== 'error');
  if (format === 'text') output.write(formatFindings(findings, rules));
  else {
    const statements = results.map(describeResult);
    output.write(`${JSON.stringify({ ok, ...countChecked(rules), statements, findings }, null, 2)}\n`);
  }
  // The rest was done all the same, and is told first.
  if (denied !== undefined) throw denied;
  return ok ? 0 : FATAL_EXIT_CODES.PREFLIGHT_FAILED;
}

function asDenied(error: unknown): FatalError {
  if (error instanceof FatalError) return error;
  throw error;
}
