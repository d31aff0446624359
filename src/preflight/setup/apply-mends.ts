import type { Finding } from '../../domain/finding.ts';
import { listNames } from '../../sql/name-list.ts';
import { concernsSlotAlone, concernsStream, type PlannedStatement } from './plan-mends.ts';

export type MendOutcome =
  | { readonly kind: 'done'; readonly note?: string }
  /** By Postgres; the next run may have more luck where `reason` says so. */
  | { readonly kind: 'refused'; readonly sqlState: string; readonly reason: string }
  | { readonly kind: 'skipped'; readonly reason: string };

export interface MendResult extends PlannedStatement {
  readonly outcome: MendOutcome;
}

export interface ApplyOptions {
  readonly run: (planned: PlannedStatement) => Promise<MendOutcome>;
  /** Asked once, right before the publication or the slot is touched: what forbids that. */
  readonly readObstacles: () => Promise<readonly Finding[]>;
  readonly onResult: (result: MendResult) => void;
}

/**
 * Runs one statement after the other. What needs a failed one is skipped; the publication and the slot need a server
 * that shows no other error any more, or publishing could make the application's writes fail.
 * @throws whatever `run` and `readObstacles` throw: then nothing more is tried
 */
export async function applyMends(
  plan: readonly PlannedStatement[],
  { run, readObstacles, onResult }: ApplyOptions,
): Promise<readonly MendResult[]> {
  const results: MendResult[] = [];
  let obstacles: readonly Finding[] | undefined;
  for (const planned of plan) {
    let reason = failedNeed(planned, results);
    if (reason === undefined && concernsStream(planned.statement)) {
      obstacles ??= await readObstacles();
      reason = describeObstacles(obstacles, planned.statement);
    }
    const outcome: MendOutcome = reason === undefined ? await run(planned) : { kind: 'skipped', reason };
    const result = { ...planned, outcome };
    results.push(result);
    onResult(result);
  }
  return results;
}

function failedNeed({ statement }: PlannedStatement, results: readonly MendResult[]): string | undefined {
  const failed = results.find(
    (earlier) => earlier.outcome.kind !== 'done' && needs(statement, earlier.statement),
  );
  return failed === undefined ? undefined : `it needs statement ${failed.number}`;
}

function needs(statement: PlannedStatement['statement'], earlier: PlannedStatement['statement']): boolean {
  if (statement.kind === 'create-slot') return earlier.kind === 'publish';
  return 'table' in statement && 'table' in earlier && statement.table === earlier.table;
}

function describeObstacles(
  obstacles: readonly Finding[],
  { kind }: PlannedStatement['statement'],
): string | undefined {
  const others = obstacles.filter((finding) => !concernsSlotAlone(finding));
  if (others.length > 0)
    return `not before this is mended: ${listNames(others.map(({ code, subject }) => `${code} ${subject}`))}`;
  const [lacking] = obstacles;
  if (lacking === undefined || kind !== 'create-slot') return undefined;
  return `${lacking.subject} ${lacking.message}: the slot is left for the daemon's role, \`freshet setup\` with its URL`;
}
