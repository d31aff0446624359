import * as fc from 'fast-check';
import type { Batch } from '../../../src/domain/batch.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import type { Table } from '../../../src/domain/table.ts';
import { BatchApplier } from '../../../src/pipeline/redis/batch-applier.ts';
import type { FailingRedis } from './failing-redis.ts';
import { type CommittedTransaction, EMPTY_TABLES } from './history.ts';
import { Leader } from './leader.ts';
import type { TableState } from './stored-row.ts';

/** What happens next, beside the commits of the history. */
export type Step =
  | { readonly kind: 'commit' }
  /** The next batch is applied and acknowledged; `early`: its removals come twice, as before it is visible. */
  | { readonly kind: 'apply'; readonly early: boolean }
  /**
   * The leader stops after so many commands of the next batch, or before it acknowledges it. The next one starts up to
   * `back` transactions before the acknowledged position. If it is only paused, it goes on later.
   */
  | {
      readonly kind: 'crash';
      readonly commands: number;
      readonly back: number;
      readonly isPaused: boolean;
    }
  /** The application reads what is committed and caches some of it: a bit of `which` a key. */
  | { readonly kind: 'fill'; readonly which: number }
  /** Redis loses some keys, likewise. */
  | { readonly kind: 'evict'; readonly which: number }
  /** The leader that was paused wakes up, and gets so far. */
  | { readonly kind: 'wake'; readonly commands: number };

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit') }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('apply'), early: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('crash'),
        commands: fc.nat({ max: 12 }),
        back: fc.nat({ max: 6 }),
        isPaused: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('fill'), which: fc.nat({ max: 0xffff }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('evict'), which: fc.nat({ max: 0xffff }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wake'), commands: fc.nat({ max: 12 }) }) },
  ),
  { maxLength: 40, size: 'max' },
);

export interface ReplayOptions {
  readonly redis: FailingRedis;
  readonly rules: readonly Rule[];
  readonly tables: readonly [Table, Table];
  readonly history: readonly CommittedTransaction[];
  readonly maxKeys: number;
  /** Caches what the tables hold now. */
  readonly fill: (state: TableState, which: number) => Promise<void>;
  readonly evict: (which: number) => Promise<void>;
  /** Breaks the daemon for a control. */
  readonly sabotage?: Sabotage | undefined;
}

/** What a wrong daemon would do. */
export interface Sabotage {
  readonly beforeApply?: (redis: FailingRedis) => Promise<void>;
  readonly afterApply?: (redis: FailingRedis, batch: Batch) => Promise<void>;
  /** Everything that was read counts as acknowledged when a leader dies. */
  readonly acknowledgesEarly?: boolean;
}

/** Sends a history through leaders that die, to the end. */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #applier: BatchApplier;
  readonly #signal = new AbortController().signal;
  #leader: Leader;
  #committed = 0;
  #acknowledged = 0;
  #paused: { readonly leader: Leader; readonly batch: Batch | undefined } | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#applier = new BatchApplier(options.redis);
    this.#leader = this.#newLeader();
  }

  async run(given: readonly Step[]): Promise<void> {
    for (const step of given) await this.#do(step);
    while (this.#committed < this.#options.history.length) await this.#commit();
    while (await this.#apply(false));
    await this.#wake(Number.POSITIVE_INFINITY);
  }

  async #do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'commit':
        return this.#commit();
      case 'apply':
        await this.#apply(step.early);
        return undefined;
      case 'crash':
        return this.#crash(step);
      case 'fill': {
        const state = this.#options.history[this.#committed - 1]?.state ?? EMPTY_TABLES;
        return this.#options.fill(state, step.which);
      }
      case 'evict':
        return this.#options.evict(step.which);
      case 'wake':
        return this.#wake(step.commands);
    }
  }

  async #commit(): Promise<void> {
    const transaction = this.#options.history[this.#committed];
    if (transaction !== undefined) await this.#leader.read(transaction, this.#committed++);
  }

  async #apply(early: boolean): Promise<boolean> {
    const batch = await this.#leader.take();
    if (batch === undefined) return false;
    if (early) await this.#applier.remove(batch, this.#signal);
    await this.#applyWhole(batch);
    this.#acknowledged = Math.max(this.#acknowledged, this.#leader.settle(batch));
    return true;
  }

  async #applyWhole(batch: Batch): Promise<void> {
    const { redis, sabotage } = this.#options;
    await sabotage?.beforeApply?.(redis);
    await this.#applier.apply(batch, this.#signal);
    await sabotage?.afterApply?.(redis, batch);
  }

  async #crash({ commands, back, isPaused }: Extract<Step, { kind: 'crash' }>): Promise<void> {
    const batch = await this.#leader.take();
    if (batch !== undefined) {
      await this.#options.redis.during(commands, () => this.#applyWhole(batch));
    }
    if (isPaused) this.#paused = { leader: this.#leader, batch };
    if (this.#options.sabotage?.acknowledgesEarly === true) this.#acknowledged = this.#committed;
    this.#leader = this.#newLeader();
    const first = Math.max(0, this.#acknowledged - back);
    for (const [index, transaction] of this.#options.history.entries()) {
      if (index >= first && index < this.#committed) await this.#leader.read(transaction, index);
    }
  }

  /** The batch that it was about to apply, and those it had ready behind it. */
  async #wake(commands: number): Promise<void> {
    const paused = this.#paused;
    this.#paused = undefined;
    if (paused === undefined) return;
    await this.#options.redis.during(commands, async () => {
      for (let { batch } = paused; batch !== undefined; batch = await paused.leader.take()) {
        await this.#applyWhole(batch);
      }
    });
  }

  #newLeader(): Leader {
    const { rules, tables, maxKeys } = this.#options;
    return new Leader(rules, tables, maxKeys);
  }
}
