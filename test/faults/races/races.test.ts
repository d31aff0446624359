import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SynchronousServers } from '../../support/synchronous-servers.ts';
import { IS_LONG } from '../test-length.ts';
import { createRaceServers } from './create-race-servers.ts';
import { DaemonUnderTest } from './daemons/daemon-under-test.ts';
import { Race, type RaceOptions } from './race.ts';
import { tagOf } from './race-table.ts';
import { describeStaleKey, describeTally } from './race-tally.ts';
import { clientReaders } from './readers/client-readers.ts';

/** Of each case; all of them together are 4,200 in the long form. */
const ROUNDS = IS_LONG ? 600 : 12;
const KILL_EVERY = IS_LONG ? 20 : 8;
const TIMEOUT_MS = ROUNDS * 2_000 + 60_000;

let servers: SynchronousServers;
beforeAll(async () => {
  servers = await createRaceServers();
});
afterAll(() => servers[Symbol.asyncDispose]());

type Case = Pick<RaceOptions, 'readers' | 'withReplica'> & {
  /** Of the rule; delete where there is none. */
  readonly action?: Readonly<Record<string, unknown>>;
};

const CASES: Readonly<Record<string, Case>> = {
  'keys are deleted': { readers: clientReaders() },
  'keys are marked stale': { readers: clientReaders(), action: { stale: { serveFor: '200ms' } } },
  'keys are read again': {
    readers: clientReaders(),
    action: {
      refresh: {
        query: 'SELECT version FROM items WHERE id = ${id}',
        as: 'string',
        ttl: '1h',
        format: 'freshet',
      },
    },
  },
  'keys are set from the row': {
    readers: clientReaders(),
    action: { set: { template: '${version}', ttl: '1h', format: 'freshet' } },
  },
  'tags are purged': { readers: clientReaders({ tags: (key) => [tagOf(key)] }), action: { purgeTag: {} } },
  'readers read a replica as well': { readers: clientReaders(), withReplica: true },
  'values end early, and leases before their loads': {
    readers: clientReaders({ lease: '20ms', ttl: '100ms', staleFor: '1h' }),
  },
};

test.for(Object.entries(CASES))(
  `${ROUNDS} rounds, no key stale: %s`,
  { timeout: TIMEOUT_MS },
  async ([name, { action, ...options }]) => {
    const { withReplica = false } = options;
    const settingsOf = (database: string) =>
      withReplica ? { 'postgres.replicas': servers.standby.urlOf(database) } : {};
    await using race = await Race.open({
      servers,
      daemon: (context, table) =>
        new DaemonUnderTest(context, { rules: table.rules(action), settings: settingsOf(context.database) }),
      withEvictions: true,
      killEvery: KILL_EVERY,
      ...options,
    });

    const tally = await race.run(ROUNDS);
    console.info(`${name}: ${describeTally(tally)}`);
    expect(tally.stale.map(describeStaleKey), describeTally(tally)).toEqual([]);
    expect(tally.compared).toBeGreaterThan(ROUNDS);
    expect(tally.reads.refused, 'fills that came too late').toBeGreaterThan(0);
    expect(tally.kills).toBeGreaterThan(0);
  },
);
