import type { Change } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import type { Rule } from '../domain/rule.ts';
import type { TableName } from '../domain/table.ts';
import type { Version } from '../domain/version.ts';
import { RuleMatcher } from '../pipeline/match/rule-matcher.ts';
import { KeyPlanner } from '../pipeline/plan/key-planner.ts';

/** What one rule makes of a change. */
export interface Judgement {
  readonly rule: Rule;
  readonly matches: boolean;
  /** Why its condition could not be decided, so that it counts as true. */
  readonly doubts: readonly Doubt[];
  readonly planned: readonly (Effect | Skip)[];
}

/** There is no history here. */
const NO_VERSION: Version = { epoch: 0, commitLsn: 0n, ordinal: 0 };

/**
 * By the daemon's own match and plan, rule by rule; asks no server.
 * @param root the partitioned table at the top for a leaf partition, else the table itself
 */
export function judgeChange(rules: readonly Rule[], change: Change, root: TableName): readonly Judgement[] {
  const planner = new KeyPlanner();
  return rules.map((rule) => {
    const doubts: Doubt[] = [];
    const planned: (Effect | Skip)[] = [];
    let matches = false;
    const matcher = new RuleMatcher([rule], (_rule, doubt) => doubts.push(doubt));
    matcher.bind(change.table, root);
    matcher.match(change, () => {
      matches = true;
      planner.plan(
        change,
        rule,
        () => NO_VERSION,
        (one) => planned.push(one),
      );
    });
    return { rule, matches, doubts, planned };
  });
}
