import { expect, test } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';

const ROWS = 200_000;
const DRAIN_MS = 3_000;
/** Beside the deadline: closing connections, on a busy machine. */
const GRACE_MS = 2_000;

/** It has begun what it cannot finish: else there would be nothing to drain. */
async function waitUntilAtWork(daemon: DaemonProcess): Promise<void> {
  await waitFor(async () => (await daemon.metric('freshet_batches_in_flight')) > 0, {
    what: 'the daemon to be at work',
  });
}

test(`SIGTERM in the middle of a transaction of ${ROWS} rows: ends with 0 in time, the next start does the rest`, async () => {
  await using bench = await FaultBench.open({ rows: ROWS });
  const settings = { 'limits.drain': DRAIN_MS };
  const daemon = await bench.startDaemon({ settings });
  await bench.cache.fill();
  const before = await bench.acks.confirmed();
  await bench.context.sql.rows(`UPDATE items SET version = version + 1 WHERE id <= ${ROWS}`);
  const notAfter = await bench.walEnd();
  bench.acks.committed({ ids: [1, ROWS / 2, ROWS], notAfter });
  await waitFor(async () => (await daemon.metric('freshet_changes_total')) > 1_000, {
    what: 'the daemon to be in the transaction',
    intervalMs: 1,
  });

  const start = performance.now();
  expect(await daemon.stop('SIGTERM', DRAIN_MS + GRACE_MS)).toEqual({ code: 0, signal: null });
  expect(performance.now() - start).toBeLessThan(DRAIN_MS + GRACE_MS);
  expect(await bench.acks.confirmed(), 'a part of a transaction settles nothing').toBeLessThan(notAfter);
  expect(await bench.acks.confirmed()).toBeGreaterThanOrEqual(before);
  expect((await bench.cache.staleKeys()).length, 'keys left to the next start').toBeGreaterThan(0);

  const next = await bench.startDaemon({ settings });
  await bench.expectConverged(next);
});

test('SIGTERM while Redis is away: ends with 0 at the drain deadline, confirms nothing', async () => {
  await using bench = await FaultBench.open({ rows: 8_000 });
  const settings = { 'limits.drain': DRAIN_MS };
  const daemon = await bench.startDaemon({ settings });
  await bench.cache.fill();
  bench.write();
  await bench.redis.stop();
  await bench.expectNothingConfirmed(500);
  await waitUntilAtWork(daemon);
  const before = await bench.acks.confirmed();

  const start = performance.now();
  expect(await daemon.stop('SIGTERM', DRAIN_MS + GRACE_MS)).toEqual({ code: 0, signal: null });
  expect(performance.now() - start).toBeGreaterThan(DRAIN_MS - 100);
  expect(await bench.acks.confirmed()).toBe(before);

  await bench.redis.start();
  const next = await bench.startDaemon({ settings });
  await bench.expectConverged(next);
});

test('a second signal ends the drain at once', async () => {
  await using bench = await FaultBench.open({ rows: 2_000 });
  const daemon = await bench.startDaemon({ settings: { 'limits.drain': '1m' } });
  await bench.cache.fill();
  bench.write();
  await bench.redis.stop();
  await bench.expectNothingConfirmed(200);
  await waitUntilAtWork(daemon);

  daemon.kill('SIGTERM');
  await waitFor(async () => !(await daemon.isReady()), { what: 'the drain to begin' });
  expect(await daemon.stop('SIGTERM', GRACE_MS)).toEqual({ code: 1, signal: null });

  await bench.redis.start();
  const next = await bench.startDaemon();
  await bench.expectConverged(next);
});
