import type { Settings } from '../../config/settings.ts';
import { FatalError } from '../../domain/errors.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Query } from '../../domain/query.ts';
import type { Rule } from '../../domain/rule.ts';
import { readSlotBlockers } from './lock-blockers.ts';
import { planSetup, type SetupStep } from './plan-setup.ts';
import { reportBlockers } from './report-blockers.ts';
import { readSettledFacts } from './settled-facts.ts';
import { setupObstacles, setupScript } from './setup-script.ts';

export interface SetupOptions {
  readonly rules: readonly Rule[];
  readonly postgres: Settings['postgres'];
  readonly query: Query;
  /** For statements that wait as long as other transactions last: without a time limit, on another connection. */
  readonly patientQuery: Query;
  /** One line on what was done, or on what is being waited for. */
  readonly report: (line: string) => void;
}

export type SetupOutcome =
  | { readonly kind: 'done'; readonly steps: readonly SetupStep[] }
  /** Nothing was changed: publishing would harm the application, or could not work. */
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

/** For whoever made a slot or published a table. */
export const STALE_ADVICE =
  'changes before this moment are not seen, so keys cached before may be stale: clear them once, for instance with ' +
  "redis-cli --scan --pattern 'product:*' | xargs redis-cli UNLINK";

const BLOCKERS_INTERVAL_MS = 1_000;
/** duplicate_object, or unique_violation in the catalog where both came at once: another setup was faster. */
const ALREADY_EXISTS: ReadonlySet<unknown> = new Set(['42710', '23505']);

/**
 * Creates the publication, then the slot, where they are missing, and adds missing tables; may be called again.
 * @throws FatalError DENIED with the SQL for someone who may; whatever `query` throws
 */
export async function setUp(options: SetupOptions): Promise<SetupOutcome> {
  const { postgres } = options;
  const facts = await readSettledFacts(options);
  const steps = planSetup(facts, postgres);
  const obstacles = setupObstacles(facts, postgres);
  const denied = (cause?: unknown): FatalError =>
    new FatalError(
      'DENIED',
      `role ${facts.server.role} may not create what is missing in database ${facts.server.database}`,
      `hand this to someone who may:\n${setupScript(facts, postgres)}`,
      { cause },
    );
  if (obstacles.some(({ code }) => code === 'ROLE_LACKS_REPLICATION')) throw denied();
  if (obstacles.length > 0) return { kind: 'refused', findings: obstacles };
  for (const step of steps) {
    try {
      await apply(step, options);
    } catch (error) {
      if (error instanceof FatalError && error.code === 'DENIED') throw denied(error);
      if (!isDuplicate(error)) throw error;
    }
  }
  return { kind: 'done', steps };
}

async function apply(
  { kind, sql }: SetupStep,
  { postgres, query, patientQuery, report }: SetupOptions,
): Promise<void> {
  switch (kind) {
    case 'create-publication':
      await patientQuery(sql);
      report(`created publication ${postgres.publication}`);
      return;
    case 'add-tables':
      await patientQuery(sql);
      report(`added tables to publication ${postgres.publication}; ${STALE_ADVICE}`);
      return;
    case 'create-slot':
      // Postgres finds the slot's first consistent point only when every transaction that is open now has ended.
      await reportBlockers(patientQuery(sql), {
        what: `slot ${postgres.slot}`,
        readBlockers: () => readSlotBlockers(query, postgres.slot),
        report,
        intervalMs: BLOCKERS_INTERVAL_MS,
      });
      report(`created slot ${postgres.slot}; ${STALE_ADVICE}`);
  }
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ALREADY_EXISTS.has(error.code);
}
