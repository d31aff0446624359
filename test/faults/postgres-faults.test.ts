import { expect, test } from 'vitest';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';

const RESTARTS = 3;

test.for(['fast', 'immediate'] as const)('Postgres restarted (%s) several times under load', async (mode) => {
  await using bench = await FaultBench.open({ rows: 12_000 });
  const daemon = await bench.startDaemon();
  await bench.cache.fill();
  const writers = bench.write();

  for (let restart = 0; restart < RESTARTS; restart++) {
    const before = writers.commits;
    await waitFor(() => writers.commits > before + 100, { what: 'load' });
    const tookMs = await bench.postgres.stop(mode);
    // A walsender waits at a shutdown until its reader has confirmed everything that it was sent.
    expect(tookMs).toBeLessThan(5_000);
    await bench.postgres.start();
    await waitFor(async () => (await bench.walsender()) !== undefined, {
      what: 'a new session',
      deadlineMs: 20_000,
    });
  }

  await bench.expectConverged(daemon);
  expect(daemon.exit).toBeUndefined();
});

test('walsender terminated again and again under load', async () => {
  await using bench = await FaultBench.open({ rows: 12_000 });
  const daemon = await bench.startDaemon();
  await bench.cache.fill();
  const writers = bench.write();

  for (let round = 0; round < 8; round++) {
    const before = writers.commits;
    await waitFor(() => writers.commits > before + 30, { what: 'load' });
    const sender = await waitFor(() => bench.walsender(), { what: 'a session' });
    await bench.context.sql.rows('SELECT pg_terminate_backend($1)', [sender]);
    await waitFor(async () => (await bench.walsender()) !== sender, { what: 'the walsender to end' });
  }

  await bench.expectConverged(daemon);
  expect(await daemon.metric('freshet_sessions_total')).toBeGreaterThanOrEqual(8);
});

test('network to Postgres cut without FIN: the daemon notices, and a new session misses nothing', async () => {
  await using bench = await FaultBench.open({ rows: 30_000, postgres: { wal_sender_timeout: '3s' } });
  // The stream and the queries beside it.
  await using proxy = await TcpProxy.open(bench.postgres.port);
  const daemon = await bench.startDaemon({ postgresUrl: proxy.through(bench.context.databaseUrl) });
  await bench.cache.fill();
  const writers = bench.write();
  await waitFor(() => writers.commits > 100, { what: 'load' });

  proxy.blackHole();
  // Nobody tells the daemon; Postgres gives its own side up as well.
  await waitFor(async () => (await daemon.metric('freshet_sessions_total')) > 0, {
    what: 'the daemon to give the session up',
    deadlineMs: 15_000,
  });
  await waitFor(async () => (await bench.walsender()) === undefined, { what: 'Postgres to free the slot' });
  expect(await daemon.isReady()).toBe(false);
  proxy.resume();

  await daemon.waitUntilReady();
  await bench.expectConverged(daemon);
});

test('network to Postgres reset in mid-stream, several times', async () => {
  await using bench = await FaultBench.open({ rows: 12_000 });
  await using proxy = await TcpProxy.open(bench.postgres.port);
  const daemon = await bench.startDaemon({ postgresUrl: proxy.through(bench.context.databaseUrl) });
  await bench.cache.fill();
  const writers = bench.write();

  for (let round = 0; round < 5; round++) {
    const before = writers.commits;
    await waitFor(() => writers.commits > before + 30, { what: 'load' });
    await waitFor(() => bench.walsender(), { what: 'a session' });
    proxy.cut();
  }

  await bench.expectConverged(daemon);
});
