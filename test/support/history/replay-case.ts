import * as fc from 'fast-check';
import { expect } from 'vitest';
import { parseRules } from '../../../src/config/load-rules.ts';
import { ViewCache } from './cache.ts';
import { expectWritten } from './expect-written.ts';
import type { FailingRedis } from './failing-redis.ts';
import { type Attempt, attempts, EMPTY_TABLES, historyOf } from './history.ts';
import { Replay, type Sabotage, type Step, steps } from './replay.ts';
import { type RuleSetSpec, ruleSetSpecs, rulesOf, viewsOf } from './rule-set.ts';
import type { Identity } from './view.ts';
import { tableOf } from './wire.ts';

const PREFIX = 'p:';
/** Keys of nobody's rules, named much like those of some. */
const FOREIGN_KEYS = ['p', 'q:l0:home', 'other', 'freshet', 'xp:r0:1'];

/** Rules, what happens in the tables, and what happens to the daemon meanwhile. */
export interface ReplayCase {
  readonly ruleSet: RuleSetSpec;
  readonly identities: readonly [Identity, Identity];
  readonly transactions: readonly (readonly Attempt[])[];
  readonly maxKeys: number;
  /** Redis loses keys now and then; then nobody can say which must be there in the end. */
  readonly evicts: boolean;
  readonly steps: readonly Step[];
}

const identity = fc.constantFrom<Identity>('full', 'default', 'index');

export const replayCases: fc.Arbitrary<ReplayCase> = fc
  .record({
    ruleSet: ruleSetSpecs,
    identities: fc.tuple(identity, identity),
    transactions: attempts,
    maxKeys: fc.constantFrom(1, 2, 5, 100),
    evicts: fc.boolean(),
    steps,
  })
  .filter(({ ruleSet: { lists, records } }) => lists.length + records.length > 0);

/** Replays the history through the pipeline, and compares what an emptied Redis holds in the end with the tables. */
export async function checkReplay(
  redis: FailingRedis,
  given: ReplayCase,
  sabotage?: Sabotage,
): Promise<void> {
  const { ruleSet, identities, transactions, maxKeys, evicts } = given;
  const views = viewsOf(ruleSet, PREFIX);
  const history = historyOf(transactions);
  const changes = history.flatMap((transaction) => transaction.changes);
  await redis.flushdb();
  await redis.mset(FOREIGN_KEYS.flatMap((key) => [key, 'kept']));
  const cache = new ViewCache(redis, PREFIX, views, changes);
  const replay = new Replay({
    redis,
    rules: parseRules(rulesOf(views), 'rules.yaml'),
    tables: [tableOf(0, identities[0]), tableOf(1, identities[1])],
    history,
    maxKeys,
    fill: (state, which) => cache.fill(state, which),
    evict: async (which) => {
      if (evicts) await cache.evict(which);
    },
    sabotage,
  });
  const isPurgedAtOnce = ruleSet.records.some(({ massChange }) => massChange !== undefined);
  await replay.run(isPurgedAtOnce ? withoutPauses(given.steps) : given.steps);

  expect(await cache.staleKeys(history.at(-1)?.state ?? EMPTY_TABLES), 'stale keys').toEqual({});
  await expectWritten(cache, evicts ? [] : views, changes, identities);
  expect(await redis.mget(FOREIGN_KEYS), 'keys of others').toEqual(FOREIGN_KEYS.map(() => 'kept'));
}

/**
 * A mass change purges keys instead of fencing each: where one does not exist, nothing keeps out a leader that was
 * paused before it wrote it. Known, and left out here.
 */
function withoutPauses(given: readonly Step[]): readonly Step[] {
  return given.map((step) => (step.kind === 'crash' ? { ...step, isPaused: false } : step));
}
