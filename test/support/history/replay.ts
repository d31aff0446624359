import * as fc from 'fast-check';
import type { Batch } from '../../../src/domain/batch.ts';
import { LeadershipLostError } from '../../../src/domain/errors.ts';
import type { LeaderToken } from '../../../src/pipeline/redis/leader-token.ts';
import { heldToken } from '../redis/held-token.ts';
import type { FailingRedis } from './failing-redis.ts';
import { type CommittedTransaction, EMPTY_TABLES } from './history.ts';
import { Leader, type LeaderOptions } from './leader.ts';
import type { TableState } from './stored-row.ts';

export const SLOT = 'history';

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

export interface ReplayOptions extends LeaderOptions {
  readonly redis: FailingRedis;
  readonly history: readonly CommittedTransaction[];
  /** Before the stream tells of it. */
  readonly commit: (transaction: CommittedTransaction) => Promise<void>;
  /** Caches what the tables hold now. */
  readonly fill: (state: TableState, which: number) => Promise<void>;
  readonly evict: (which: number) => Promise<void>;
  /** Breaks the daemon for a control. */
  readonly sabotage?: Sabotage | undefined;
}

/** What a wrong daemon would do. */
export interface Sabotage {
  readonly beforeApply?: (redis: FailingRedis, token: LeaderToken) => Promise<void>;
  readonly afterApply?: (redis: FailingRedis, batch: Batch) => Promise<void>;
  /** Everything that was read counts as acknowledged when a leader dies. */
  readonly acknowledgesEarly?: boolean;
}

/** Sends a history through leaders that die, to the end. */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #signal = new AbortController().signal;
  #leader: Leader;
  #committed = 0;
  #acknowledged = 0;
  #paused: { readonly leader: Leader; readonly parts: readonly Batch[] } | undefined;

  private constructor(options: ReplayOptions, leader: Leader) {
    this.#options = options;
    this.#leader = leader;
  }

  static async start(options: ReplayOptions): Promise<Replay> {
    return new Replay(options, await newLeader(options));
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
    if (transaction === undefined) return;
    await this.#options.commit(transaction);
    await this.#leader.read(transaction, this.#committed++);
  }

  async #apply(early: boolean): Promise<boolean> {
    const batch = await this.#leader.take();
    if (batch === undefined) return false;
    if (early) await this.#leader.applier.remove(batch, this.#signal);
    if (await this.#applyWhole(this.#leader.expand(batch), this.#leader)) {
      this.#acknowledged = Math.max(this.#acknowledged, this.#leader.settle(batch));
    } else await this.#succeed(0);
    return true;
  }

  /** @returns whether it was done; false where the leader found that it is none any more */
  async #applyWhole(
    parts: Iterable<Batch> | AsyncIterable<Batch>,
    { applier, token }: Leader,
  ): Promise<boolean> {
    const { redis, sabotage } = this.#options;
    try {
      for await (const part of parts) {
        await sabotage?.beforeApply?.(redis, token);
        await applier.apply(part, this.#signal);
        await sabotage?.afterApply?.(redis, part);
      }
    } catch (error) {
      if (error instanceof LeadershipLostError) return false;
      throw error;
    }
    return true;
  }

  async #crash({ commands, back, isPaused }: Extract<Step, { kind: 'crash' }>): Promise<void> {
    const leader = this.#leader;
    const batch = await leader.take();
    // One that is paused has read before what it will write when it wakes up.
    const held: Batch[] = [];
    if (isPaused && batch !== undefined) for await (const part of leader.expand(batch)) held.push(part);
    await this.#options.redis.during(commands, async () => {
      if (isPaused) await this.#applyWhole(held, leader);
      else if (batch !== undefined) await this.#applyWhole(leader.expand(batch), leader);
    });
    if (isPaused) this.#paused = { leader, parts: held };
    if (this.#options.sabotage?.acknowledgesEarly === true) this.#acknowledged = this.#committed;
    await this.#succeed(back);
  }

  /** The next leader is sent everything that is not acknowledged, and so many transactions more. */
  async #succeed(back: number): Promise<void> {
    this.#leader = await newLeader(this.#options);
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
      const { leader, parts } = paused;
      let isLeader = await this.#applyWhole(parts, leader);
      for (let batch = await leader.take(); isLeader && batch !== undefined; batch = await leader.take()) {
        isLeader = await this.#applyWhole(leader.expand(batch), leader);
      }
    });
  }
}

async function newLeader(options: ReplayOptions): Promise<Leader> {
  return new Leader(options, await heldToken(options.redis, SLOT));
}
