import type { Change } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import type { Rule } from '../domain/rule.ts';
import type { Table, TableName } from '../domain/table.ts';
import { RuleMatcher } from '../pipeline/match/rule-matcher.ts';
import { KeyPlanner } from '../pipeline/plan/key-planner.ts';
import { planPurge } from '../pipeline/plan/plan-purge.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import type { TransactionScope } from './transaction-scope.ts';

export interface ChangePlannerOptions {
  readonly rules: readonly Rule[];
  readonly queue: Pick<BatchQueue, 'add'>;
  /** Of the transaction that the changes belong to. */
  readonly scope: TransactionScope;
  readonly observer: PlanObserver;
}

/** Counts and reports; called for every row, so it must be cheap. */
export interface PlanObserver {
  change(change: Change): void;
  planned(planned: Effect | Skip): void;
  /** What a shadow rule would do. */
  shadowed(planned: Effect | Skip): void;
  /** A rule was applied only because its condition could not be decided. One doubt object a place and table. */
  doubted(rule: Rule, doubt: Doubt): void;
}

/** Match, plan, queue: what the rules make of a change. Of a shadow rule it is only reported. */
export class ChangePlanner {
  readonly #options: ChangePlannerOptions;
  readonly #scope: TransactionScope;
  readonly #matcher: RuleMatcher;
  readonly #planner = new KeyPlanner();

  constructor(options: ChangePlannerOptions) {
    this.#options = options;
    this.#scope = options.scope;
    this.#matcher = new RuleMatcher(options.rules, (rule, doubt) => options.observer.doubted(rule, doubt));
  }

  /** @returns the columns that the rules of the table read; undefined where no rule concerns it */
  bind(table: Table, root: TableName): ReadonlySet<string> | undefined {
    return this.#matcher.bind(table, root);
  }

  change(change: Change): void {
    this.#options.observer.change(change);
    this.#matcher.match(change, (rule) => {
      if (this.#scope.isIgnored(rule)) return;
      if (this.#scope.isMassChange(rule)) this.purge(rule);
      else this.#planner.plan(change, rule, this.#scope.version, this.#outletOf(rule));
    });
  }

  /** Every key of the rule. */
  purge(rule: Rule): void {
    const emit = this.#outletOf(rule);
    for (const effect of planPurge(rule, this.#scope.version)) emit(effect);
  }

  #outletOf({ mode }: Rule): (planned: Effect | Skip) => void {
    return mode === 'live' ? this.#live : this.#shadow;
  }

  readonly #shadow = (planned: Effect | Skip): void => this.#options.observer.shadowed(planned);

  readonly #live = (planned: Effect | Skip): void => {
    this.#options.observer.planned(planned);
    if (planned.kind !== 'skip') this.#options.queue.add(planned);
  };
}
