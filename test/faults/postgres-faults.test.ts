import { expect, test } from 'vitest';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';
import { waitUntilPhase } from './wait-until-phase.ts';

const RESTARTS = 3;

test.for(['fast', 'immediate'] as const)('Postgres restarted (%s) several times under load', async (mode) => {
  // They last for half a minute, most of which may be the pauses of the daemon.
  await using bench = await FaultBench.open({ rows: 40_000 });
  const daemon = await bench.startDaemon();
  await bench.cache.fill();
  const writers = bench.write({ maxPauseMs: 20 });

  for (let restart = 0; restart < RESTARTS; restart++) {
    await writers.load(100);
    const tookMs = await bench.postgres.stop(mode);
    // A walsender waits at a shutdown until its reader has confirmed everything that it was sent.
    expect(tookMs).toBeLessThan(5_000);
    await bench.postgres.start();
    await waitFor(async () => (await bench.walsender()) !== undefined, {
      what: 'a new session',
      deadlineMs: 60_000,
    });
  }

  await bench.expectConverged(daemon);
  expect(daemon.exit).toBeUndefined();
});

test('walsender terminated again and again under load', async () => {
  await using bench = await FaultBench.open({ rows: 30_000 });
  const daemon = await bench.startDaemon();
  await bench.cache.fill();
  const writers = bench.write({ maxPauseMs: 40 });

  for (let round = 1; round <= 8; round++) {
    await waitUntilPhase('streaming', daemon);
    await writers.load(30);
    await bench.context.sql.rows('SELECT pg_terminate_backend($1)', [await bench.walsender()]);
    await waitFor(async () => (await daemon.metric('freshet_sessions_total')) >= round, {
      what: 'the session to end',
    });
  }

  await bench.expectConverged(daemon);
});

test('network to Postgres cut without FIN: the daemon notices, and a new session misses nothing', async () => {
  await using bench = await FaultBench.open({ rows: 30_000, postgres: { wal_sender_timeout: '3s' } });
  // The stream and the queries beside it.
  await using proxy = await TcpProxy.open(bench.postgres.port);
  const daemon = await bench.startDaemon({ postgresUrl: proxy.through(bench.context.databaseUrl) });
  await bench.cache.fill();
  const writers = bench.write();
  await writers.load(100);

  proxy.blackHole();
  // Nobody tells the daemon; Postgres gives its own side up as well.
  await waitFor(async () => (await daemon.metric('freshet_sessions_total')) > 0, {
    what: 'the daemon to give the session up',
    deadlineMs: 30_000,
  });
  await waitFor(async () => (await bench.walsender()) === undefined, { what: 'Postgres to free the slot' });
  expect(await daemon.isReady()).toBe(false);
  proxy.resume();

  await daemon.waitUntilReady();
  await bench.expectConverged(daemon);
});

test('network to Postgres reset in mid-stream, several times', async () => {
  await using bench = await FaultBench.open({ rows: 30_000 });
  await using proxy = await TcpProxy.open(bench.postgres.port);
  const daemon = await bench.startDaemon({ postgresUrl: proxy.through(bench.context.databaseUrl) });
  await bench.cache.fill();
  const writers = bench.write({ maxPauseMs: 40 });

  for (let round = 0; round < 5; round++) {
    await waitUntilPhase('streaming', daemon);
    await writers.load(30);
    proxy.cut();
  }

  await bench.expectConverged(daemon);
});
