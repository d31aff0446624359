import { expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';

test('a control that confirms before it applies is caught: the checks of the other tests can fail', async () => {
  await using bench = await FaultBench.open({ rows: 6_000 });
  const daemon = await bench.startDaemon();
  await bench.cache.fill();
  const writers = bench.write();
  await writers.load(50);
  await daemon.stop('SIGKILL');
  await writers.load(50);
  await bench.quiesce();

  await bench.context.sql.rows(
    `SELECT pg_replication_slot_advance('${bench.context.slot}', pg_current_wal_flush_lsn())`,
  );

  await waitFor(() => bench.acks.early.length > 0, { what: 'the watch to notice an early confirmation' });
  const next = await bench.startDaemon();
  await bench.waitUntilConfirmed();
  expect((await bench.cache.staleKeys()).length).toBeGreaterThan(20);
  await expect(bench.expectConverged(next)).rejects.toThrow('confirmed before they went');
});
