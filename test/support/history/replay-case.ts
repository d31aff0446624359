import * as fc from 'fast-check';
import { expect } from 'vitest';
import { parseRules } from '../../../src/config/load-rules.ts';
import { Announcements } from './announcements.ts';
import { ViewCache } from './cache.ts';
import { expectWritten } from './expect-written.ts';
import { type Attempt, attempts, EMPTY_TABLES, historyOf } from './history.ts';
import type { Identity } from './identity.ts';
import { Replay, type Sabotage, SLOT, type Step, steps } from './replay.ts';
import type { ReplayServers } from './replay-servers.ts';
import { ruleSetSpecs, rulesOf, type ViewSpec, viewsOf } from './rule-set.ts';
import { tableOf } from './wire.ts';

const PREFIX = 'p:';
/** Keys of nobody's rules, named much like those of some. */
const FOREIGN_KEYS = ['p', 'q:l0:home', 'other', 'freshet', 'xp:r0:1'];

/** Rules, what happens in the tables, and what happens to the daemon meanwhile. */
export interface ReplayCase {
  readonly ruleSet: readonly ViewSpec[];
  readonly identities: readonly [Identity, Identity];
  readonly transactions: readonly (readonly Attempt[])[];
  readonly maxKeys: number;
  /** Redis loses keys now and then; then nobody can say which must be there in the end. */
  readonly evicts: boolean;
  readonly steps: readonly Step[];
}

const identity = fc.constantFrom<Identity>('full', 'default', 'index');

export const replayCases: fc.Arbitrary<ReplayCase> = fc.record({
  ruleSet: ruleSetSpecs,
  identities: fc.tuple(identity, identity),
  transactions: attempts,
  maxKeys: fc.constantFrom(1, 2, 5, 100),
  evicts: fc.boolean(),
  steps,
});

/** Replays the history through the pipeline, and compares what an emptied Redis holds in the end with the tables. */
export async function checkReplay(
  { redis, tables }: ReplayServers,
  given: ReplayCase,
  sabotage?: Sabotage,
): Promise<void> {
  const { ruleSet, identities, transactions, maxKeys, evicts } = given;
  const views = viewsOf(ruleSet, PREFIX);
  const history = historyOf(transactions);
  const changes = history.flatMap((transaction) => transaction.changes);
  await redis.flushdb();
  await tables.empty();
  await redis.mset(FOREIGN_KEYS.flatMap((key) => [key, 'kept']));
  const cache = new ViewCache(redis, PREFIX, views, changes);
  const announcements = new Announcements(redis, views);
  const replay = await Replay.start({
    redis,
    rules: parseRules(rulesOf(views), 'rules.yaml'),
    tables: [tableOf(0, identities[0]), tableOf(1, identities[1])],
    history,
    commit: async (transaction) => {
      await announcements.mark();
      await tables.commit(transaction);
    },
    query: tables.query,
    maxKeys,
    fill: (state, which) => cache.fill(state, which),
    evict: async (which) => {
      if (!evicts) return;
      await cache.evict(which);
      if (which % 4 === 0) await redis.unlink(`freshet:{${SLOT}}:leader`);
    },
    sabotage,
  });
  await replay.run(given.steps);

  const states = history.map(({ state }) => state);
  const now = states.at(-1) ?? EMPTY_TABLES;
  expect(await cache.staleKeys(now), 'stale keys').toEqual({});
  await expectWritten(cache, evicts ? [] : views, changes, identities, now);
  expect(await announcements.missing(changes, states), 'keys that nobody was told of').toEqual([]);
  expect(await redis.mget(FOREIGN_KEYS), 'keys of others').toEqual(FOREIGN_KEYS.map(() => 'kept'));
}
