import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SynchronousServers } from '../../support/synchronous-servers.ts';
import { SeededRandom } from '../seeded-random.ts';
import { IS_LONG } from '../test-length.ts';
import { createRaceServers } from './create-race-servers.ts';
import { ComposedDaemon } from './daemons/composed-daemon.ts';
import type { Composition } from './daemons/composition.ts';
import { ConfirmingQueue } from './daemons/confirming-queue.ts';
import { DaemonUnderTest } from './daemons/daemon-under-test.ts';
import { DeleteThenProbeWorker } from './daemons/delete-then-probe-worker.ts';
import { openGate } from './daemons/open-gate.ts';
import { slowGate } from './daemons/slow-gate.ts';
import { TombstoneRemover } from './daemons/tombstone-remover.ts';
import { Race, type RaceOptions } from './race.ts';
import { describeStaleKey, describeTally } from './race-tally.ts';
import { clientReaders } from './readers/client-readers.ts';
import { lsnReaders } from './readers/lsn-readers.ts';
import { plainReaders } from './readers/plain-readers.ts';

/** Within these each control must be caught. */
const ROUNDS = 60;

let servers: SynchronousServers;
beforeAll(async () => {
  servers = await createRaceServers();
});
afterAll(() => servers[Symbol.asyncDispose]());

type Case = Omit<RaceOptions, 'servers'>;

const product: Case['daemon'] = (context, table) => new DaemonUnderTest(context, { rules: table.rules() });

/** The product's stages, those replaced that are given. */
function composed(stages: Partial<Composition>): Case['daemon'] {
  return (context, table) => new ComposedDaemon(context, table.rules(), stages);
}

const slow: Composition['gate'] = (right) => slowGate(right, new SeededRandom(1));

/** Each differs from what is right in one thing. */
const CONTROLS: Readonly<Record<string, Case>> = {
  'lease off': { daemon: product, readers: plainReaders },
  'gate off': { daemon: composed({ gate: () => openGate }), readers: clientReaders() },
  'ack first': {
    daemon: composed({ queue: (confirm) => new ConfirmingQueue(confirm) }),
    readers: clientReaders(),
    killEvery: 1,
  },
  'LSN rule': {
    daemon: composed({ remover: (redis) => new TombstoneRemover(redis) }),
    readers: lsnReaders,
  },
  'delete, then probe, and no second delete where it is visible': {
    daemon: composed({ gate: slow, worker: (options) => new DeleteThenProbeWorker(options) }),
    readers: clientReaders(),
  },
  'a replica that the daemon does not know': { daemon: product, readers: clientReaders(), withReplica: true },
};

test.for(Object.entries(CONTROLS))('stale keys are found: %s', async ([name, control]) => {
  await using race = await Race.open({ servers, ...control });
  const tally = await race.run(ROUNDS, ({ stale }) => stale.length > 0 && !IS_LONG);
  console.info(`${name}: ${describeTally(tally)}`);
  expect(tally.stale.length).toBeGreaterThan(0);
});

test('none are found where nothing is wrong with the same stages, slow and killed', async () => {
  await using race = await Race.open({
    servers,
    daemon: composed({ gate: slow }),
    readers: clientReaders(),
    withEvictions: true,
    killEvery: 2,
  });
  const tally = await race.run(IS_LONG ? 600 : 20);
  console.info(`right stages: ${describeTally(tally)}`);
  expect(tally.stale.map(describeStaleKey), describeTally(tally)).toEqual([]);
});
