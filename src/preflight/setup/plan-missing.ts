import type { Finding } from '../../domain/finding.ts';
import type { PostgresFacts } from '../facts/postgres-facts.ts';
import { checkPostgres, type PostgresWanted } from '../preflight.ts';
import { type PlannedStatement, planMends } from './plan-mends.ts';

export interface MissingPlan {
  /** Creates the publication, then the slot, where they are missing, and adds missing tables. Nothing is ever dropped. */
  readonly plan: readonly PlannedStatement[];
  /** Errors that this does not mend. */
  readonly obstacles: readonly Finding[];
}

const MISSING: ReadonlySet<string> = new Set([
  'PUBLICATION_MISSING',
  'PUBLICATION_LACKS_TABLE',
  'SLOT_MISSING',
]);

/** What `freshet setup` does without `--apply`: of all mends only those that change nothing that is there. */
export function planMissing(facts: PostgresFacts, wanted: PostgresWanted): MissingPlan {
  const findings = checkPostgres(facts, { ...wanted, createMissing: false });
  return {
    plan: planMends(findings.filter(isMissing)),
    obstacles: findings.filter((finding) => finding.severity === 'error' && !isMissing(finding)),
  };
}

function isMissing({ code }: Finding): boolean {
  return MISSING.has(code);
}
