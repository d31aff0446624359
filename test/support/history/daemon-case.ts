import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { parseRules } from '../../../src/config/load-rules.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import { oldColumnsRead } from '../../../src/domain/rule-columns.ts';
import { waitUntilSettled } from '../../integration/settled.ts';
import { TestContext } from '../test-context.ts';
import { Announcements } from './announcements.ts';
import { ViewCache } from './cache.ts';
import { expectWritten } from './expect-written.ts';
import { type Attempt, attempts, historyOf } from './history.ts';
import type { Identity } from './identity.ts';
import { ruleSetSpecs, rulesOf, type ViewSpec, viewsOf } from './rule-set.ts';
import { createTables, readTables, sqlOf } from './tables-in-postgres.ts';
import { TABLE_NAMES } from './wire.ts';

export interface DaemonCase {
  readonly ruleSet: readonly ViewSpec[];
  /** Before each, everything settles and the application caches some of what it finds. */
  readonly phases: readonly {
    readonly which: number;
    readonly transactions: readonly (readonly Attempt[])[];
    /** The daemon is killed so long after the first commit, in milliseconds. */
    readonly killAfterMs: number;
  }[];
  readonly batchKeys: number;
}

const phase = fc.record({
  which: fc.nat({ max: 0xffff }),
  transactions: attempts,
  killAfterMs: fc.nat({ max: 60 }),
});

export const daemonCases: fc.Arbitrary<DaemonCase> = fc.record({
  ruleSet: ruleSetSpecs,
  phases: fc.array(phase, { minLength: 2, maxLength: 2 }),
  batchKeys: fc.constantFrom(1, 3, 1_000),
});

/** Kills the real daemon while it works off the history on a real Postgres, and compares Redis with the tables. */
export async function checkDaemon({ ruleSet, phases, batchKeys }: DaemonCase): Promise<void> {
  await using context = await TestContext.open();
  const { sql, keyPrefix } = context;
  const views = viewsOf(ruleSet, keyPrefix);
  const rules = rulesOf(views);
  const identities = identitiesFor(parseRules(rules, 'rules.yaml'));
  await createTables(sql, identities);
  const history = historyOf(phases.flatMap(({ transactions }) => transactions));
  const changes = history.flatMap((transaction) => transaction.changes);
  const cache = new ViewCache(context.redis, keyPrefix, views, changes);
  const announcements = new Announcements(context.redis, views);
  const options = { rules, settings: { 'limits.batchKeys': batchKeys } };

  let daemon = await context.startDaemon(options);
  const due = history.values();
  for (const { which, transactions, killAfterMs } of phases) {
    await waitUntilSettled(context);
    await cache.fill(await readTables(sql), which);
    const killed = sleep(killAfterMs).then(() => daemon.stop('SIGKILL'));
    for (const _ of transactions) {
      await announcements.mark();
      await sql.rows(sqlOf(due.next().value ?? { changes: [] }));
    }
    await killed;
    daemon = await context.startDaemon(options);
  }
  await waitUntilSettled(context);

  const now = await readTables(sql);
  expect(await cache.staleKeys(now), 'stale keys').toEqual({});
  await expectWritten(cache, views, changes, identities, now);
  const states = history.map(({ state }) => state);
  expect(await announcements.missing(changes, states), 'keys that nobody was told of').toEqual([]);
}

/** The whole row where a rule needs more of the old one than its id, as `freshet check` would ask for. */
function identitiesFor(rules: readonly Rule[]): readonly [Identity, Identity] {
  const identityOf = (name: string): Identity => {
    const needed = rules.filter(({ table }) => table.name === name).flatMap(oldColumnsRead);
    return needed.every((column) => column === 'id') ? 'default' : 'full';
  };
  return [identityOf(TABLE_NAMES[0]), identityOf(TABLE_NAMES[1])];
}
