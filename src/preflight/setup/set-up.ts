import type { Settings } from '../../config/settings.ts';
import { FatalError, RetryableError } from '../../domain/errors.ts';
import type { Finding } from '../../domain/finding.ts';
import type { LockingQuery, Query } from '../../domain/query.ts';
import type { Rule } from '../../domain/rule.ts';
import { PURGE_PREFIX } from '../../migrations/message-prefixes.ts';
import { checkQueries } from '../checks/check-queries.ts';
import { readPostgresFacts } from '../facts/postgres-facts.ts';
import { applyMends, type MendOutcome, type MendResult } from './apply-mends.ts';
import { concernsSlotAlone, type PlannedStatement } from './plan-mends.ts';
import { planMissing } from './plan-missing.ts';
import { type LockLimits, runStatement } from './run-statement.ts';
import { readSettledFacts } from './settled-facts.ts';
import { setupScript } from './setup-script.ts';

export interface SetupOptions {
  readonly rules: readonly Rule[];
  readonly postgres: Settings['postgres'];
  readonly query: Query;
  readonly lockingQuery: LockingQuery;
  readonly limits: LockLimits;
  /** One line on what was done, or on what is being waited for. */
  readonly report: (line: string) => void;
}

export type SetupOutcome =
  | { readonly kind: 'done'; readonly plan: readonly PlannedStatement[] }
  /** Nothing was changed: publishing would harm the application, or could not work. */
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

/** For whoever made a slot, or published a table where there is one: the order travels in its stream. */
export const STALE_ADVICE =
  'changes before this moment are not seen, so keys cached before may be stale: clear them once, by ' +
  `SELECT pg_logical_emit_message(true, '${PURGE_PREFIX}', '{}'), which has Freshet purge the keys of all rules. A daemon for which the rules are new does so at its start`;

/** insufficient_privilege */
const DENIED = '42501';

/**
 * Creates the publication, then the slot, where they are missing, and adds missing tables; may be called again.
 * @throws FatalError DENIED with the SQL for someone who may; RetryableError where Postgres refused for another reason,
 *   such as a lock that somebody holds; whatever `query` throws
 */
export async function setUp(options: SetupOptions): Promise<SetupOutcome> {
  const { postgres, report } = options;
  const facts = await readSettledFacts(options);
  const { plan, obstacles } = planMissing(facts, postgres);
  if (!obstacles.every(concernsSlotAlone)) return { kind: 'refused', findings: obstacles };
  const results = await applyMends(plan, {
    run: ({ statement, finding }) => runStatement(statement, { ...options, what: finding.subject }),
    readObstacles: async () => obstacles,
    onResult: (result) => {
      const { kind } = result.statement;
      const advice = kind === 'create-slot' || facts.slot !== undefined ? `; ${STALE_ADVICE}` : '';
      if (isOurs(result)) report(`${describeCreation(result)}${advice}`);
    },
  });
  for (const { finding, outcome } of results)
    if (outcome.kind !== 'done') throw await explainFailure(finding, outcome, options);
  return { kind: 'done', plan };
}

/** Not of another setup, which was faster. */
function isOurs({ outcome }: MendResult): boolean {
  return outcome.kind === 'done' && outcome.note === undefined;
}

function describeCreation({ finding: { code, subject } }: MendResult): string {
  return code === 'PUBLICATION_LACKS_TABLE' ? `added tables to ${subject}` : `created ${subject}`;
}

/** The script has what is missing by now. */
async function explainFailure(
  { subject }: Finding,
  outcome: Exclude<MendOutcome, { kind: 'done' }>,
  { rules, postgres, query }: SetupOptions,
): Promise<Error> {
  const { reason } = outcome;
  if (outcome.kind === 'refused' && outcome.sqlState !== DENIED)
    return new RetryableError(`${subject} is refused (SQLSTATE ${outcome.sqlState}): ${reason}`);
  const facts = await readPostgresFacts(query, rules, postgres);
  const { role, database } = facts.server;
  const message = `role ${role} may not create what is missing in database ${database}`;
  const script = setupScript(facts, postgres, await checkQueries(query, facts.tables));
  const remedy = `hand this to someone who may:\n${script}`;
  return new FatalError('DENIED', outcome.kind === 'skipped' ? reason : message, remedy);
}
