import type { Rule } from '../domain/rule.ts';
import { planPurge } from '../pipeline/plan/plan-purge.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import type { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';

export interface PurgeRulesOptions {
  readonly queue: Pick<BatchQueue, 'interject' | 'fail'>;
  readonly gate: Pick<VisibilityGate, 'untilReplicated'>;
  readonly signal: AbortSignal;
}

/**
 * Purges the keys of rules for what the primary shows already and no transaction of the stream brings. Replicas may
 * not show it yet, so it is purged once more when they do.
 * @throws what also ends the session
 */
export async function purgeRules(
  rules: readonly Rule[],
  { queue, gate, signal }: PurgeRulesOptions,
): Promise<void> {
  const effects = rules.filter(({ mode }) => mode === 'live').flatMap((rule) => planPurge(rule));
  if (effects.length === 0) return;
  await queue.interject(effects);
  try {
    if (!(await gate.untilReplicated(signal))) return;
  } catch (error) {
    queue.fail(error);
    throw error;
  }
  await queue.interject(effects);
}
