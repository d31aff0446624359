import { Client } from 'pg';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';
import { waitUntilPhase } from './wait-until-phase.ts';

const WAL_SENDER_TIMEOUT_MS = 3_000;

test('slot held by a foreign reader: the daemon stands by, ready, and takes over when it leaves', async () => {
  await using bench = await FaultBench.open({ rows: 6_000 });
  const { slot, publication, databaseUrl } = bench.context;
  const first = await bench.startDaemon();
  await bench.cache.fill();
  expect(await first.stop()).toEqual({ code: 0, signal: null });

  const foreign = new Client({ connectionString: `${databaseUrl}?replication=database` });
  foreign.on('error', () => {});
  await foreign.connect();
  // It confirms nothing, so that nothing of what it takes is lost.
  void foreign
    .query(
      `START_REPLICATION SLOT ${slot} LOGICAL 0/0 (proto_version '1', publication_names '${publication}')`,
    )
    .catch(() => {});
  await waitFor(() => bench.walsender(), { what: 'the foreign reader to hold the slot' });

  const daemon = await bench.launchDaemon();
  await waitUntilPhase('standby', daemon);
  expect(await daemon.isReady()).toBe(true);
  const writers = bench.write();
  await writers.load(100);
  await foreign.end();

  await waitUntilPhase('streaming', daemon);
  await bench.expectConverged(daemon);
});

test('kill -9 of the leader under load: the standby takes over', async () => {
  await using bench = await FaultBench.open({ rows: 8_000 });
  const leader = await bench.startDaemon();
  await bench.cache.fill();
  const standby = await bench.launchDaemon();
  await waitUntilPhase('standby', standby);
  const writers = bench.write();
  await writers.load(100);

  await leader.stop('SIGKILL');
  await waitUntilPhase('streaming', standby);

  await bench.expectConverged(standby);
});

test('leader suspended (SIGSTOP) for longer than wal_sender_timeout: takeover, and the zombie does no harm', async () => {
  await using bench = await FaultBench.open({
    rows: 30_000,
    postgres: { wal_sender_timeout: WAL_SENDER_TIMEOUT_MS },
  });
  const zombie = await bench.startDaemon();
  await bench.cache.fill();
  const successor = await bench.launchDaemon();
  await waitUntilPhase('standby', successor);
  // The rows last longer than the takeover takes.
  const writers = bench.write({ maxPauseMs: 40 });
  await writers.load(100);

  zombie.kill('SIGSTOP');
  await waitUntilPhase('streaming', successor);
  zombie.kill('SIGCONT');
  await waitUntilPhase('standby', zombie);
  await writers.load(50);

  await bench.expectConverged(successor);
  expect(await successor.stop()).toEqual({ code: 0, signal: null });
  await waitUntilPhase('streaming', zombie);
});
