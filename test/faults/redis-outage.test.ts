import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench, MEMORY_BOUND_BYTES } from './fault-bench.ts';
import { peakMemoryBytes } from './peak-memory.ts';
import { IS_LONG } from './test-length.ts';

const OUTAGE_MS = IS_LONG ? 20_000 : 6_000;
/** As src/session/daemon-status.ts has it. */
const STALL_MS = 30_000;
/** Shorter than the outage: a daemon that falls silent while it waits for Redis is thrown out by Postgres. */
const WAL_SENDER_TIMEOUT = '3s';

/** Of a position, however long: the first change after the fault must not be confirmed while Redis takes nothing. */
async function expectNothingConfirmed(bench: FaultBench, duringMs: number): Promise<void> {
  const [row] = await bench.context.sql.rows<{ id: number }>('SELECT min(id) AS id FROM items');
  await bench.context.sql.rows(`UPDATE items SET version = version + 1 WHERE id = ${row?.id}`);
  const unapplied = await bench.walEnd();
  const until = performance.now() + duringMs;
  while (performance.now() < until) {
    expect(await bench.acks.confirmed()).toBeLessThan(unapplied);
    await sleep(100);
  }
}

async function walsender(bench: FaultBench): Promise<number | undefined> {
  const [row] = await bench.context.sql.rows<{ pid: number | null }>(
    'SELECT active_pid AS pid FROM pg_replication_slots WHERE slot_name = $1',
    [bench.context.slot],
  );
  return row?.pid ?? undefined;
}

async function redisErrors(daemon: DaemonProcess): Promise<number> {
  return daemon.metric('freshet_redis_errors_total');
}

test(`Redis stopped for ${OUTAGE_MS / 1000} s under load: memory bounded, the stream stays, nothing confirmed`, async () => {
  await using bench = await FaultBench.open({
    rows: 250_000,
    postgres: { wal_sender_timeout: WAL_SENDER_TIMEOUT },
  });
  const daemon = await bench.startDaemon();
  await bench.cache.fill();
  const writers = bench.write({ maxRowsPerTransaction: 2_000 });
  await waitFor(async () => (await daemon.metric('freshet_changes_total')) > 100, { what: 'load' });
  const sender = await walsender(bench);

  await bench.redis.stop();
  const stoppedMs = performance.now();
  await expectNothingConfirmed(bench, OUTAGE_MS / 2);
  // More than the queue may hold, so that reading must have paused: all that is left of the rows.
  await writers.finished;
  await expectNothingConfirmed(bench, OUTAGE_MS - (performance.now() - stoppedMs));
  const changes = await daemon.metric('freshet_changes_total');
  await sleep(500);
  expect(await daemon.metric('freshet_changes_total'), 'changes read while the queue is full').toBe(changes);
  expect(await walsender(bench)).toBe(sender);
  expect(await daemon.isReady(), 'readiness before the stall limit').toBe(performance.now() - stoppedMs < STALL_MS);
  expect(await redisErrors(daemon)).toBeGreaterThan(0);
  expect(await peakMemoryBytes(daemon.pid)).toBeLessThan(MEMORY_BOUND_BYTES);

  await bench.redis.start();
  await bench.expectConverged(daemon);
  expect(await walsender(bench)).toBe(sender);
  expect(await daemon.isReady()).toBe(true);
});
