import { expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';
import { IS_LONG } from './test-length.ts';

/** In the long form, longer than what counts as stuck (30 s in src/session/daemon-status.ts). */
const OUTAGE_MS = IS_LONG ? 35_000 : 6_000;
/** The default of limits.queueBytes: less than the changes of the outage need. */
const QUEUE_BYTES = 32 * 2 ** 20;
/** Shorter than the outage: a daemon that falls silent while it waits for Redis is thrown out by Postgres. */
const WAL_SENDER_TIMEOUT = '3s';

test(`Redis stopped for ${OUTAGE_MS / 1000} s under load: memory bounded, the stream stays, nothing confirmed`, async () => {
  await using bench = await FaultBench.open({
    rows: 120_000,
    postgres: { wal_sender_timeout: WAL_SENDER_TIMEOUT },
  });
  const daemon = await bench.startDaemon();
  await bench.cache.fill();
  const writers = bench.write({ maxRowsPerTransaction: 2_000 });
  await waitFor(async () => (await daemon.metric('freshet_changes_total')) > 100, { what: 'load' });
  const sender = await bench.walsender();

  await bench.redis.stop();
  const stoppedMs = performance.now();
  await bench.expectNothingConfirmed(500);
  expect(await daemon.isReady()).toBe(true);
  // More than the queue may hold, so that reading must have paused: all that is left of the rows.
  await writers.finished;
  await bench.expectNothingConfirmed(OUTAGE_MS - (performance.now() - stoppedMs));
  const queued = () => daemon.metric('freshet_queue_bytes');
  await waitFor(async () => (await queued()) > QUEUE_BYTES, {
    what: 'the queue to be full',
    deadlineMs: 60_000,
  });
  expect(await queued(), 'and reading has paused').toBeLessThan(QUEUE_BYTES * 1.1);
  expect(await bench.walsender()).toBe(sender);
  expect(await daemon.isReady()).toBe(!IS_LONG);
  expect(await daemon.metric('freshet_redis_errors_total')).toBeGreaterThan(0);
  await bench.expectBoundedMemory(daemon);

  await bench.redis.start();
  await bench.expectConverged(daemon);
  expect(await bench.walsender()).toBe(sender);
  expect(await daemon.isReady()).toBe(true);
});
