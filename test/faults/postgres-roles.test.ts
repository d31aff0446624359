import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';
import { waitUntilPhase } from './wait-until-phase.ts';

test('Postgres takes Freshet for its synchronous standby: it ends rather than hold up commits for ever', async () => {
  await using bench = await FaultBench.open({ rows: 10 });
  const daemon = await bench.startDaemon();
  await bench.postgres.configure({ synchronous_standby_names: '*' });
  const client = await bench.context.connect();
  const commit = client.rows('UPDATE items SET version = version + 1 WHERE id = 1');

  expect(await daemon.exited).toMatchObject({ code: 3 });
  expect(daemon.log.join('\n')).toContain('synchronous_standby_names');
  const again = await bench.launchDaemon();
  expect(await again.exited).toMatchObject({ code: 3 });
  expect(again.log.join('\n')).toContain('SYNCHRONOUS_STANDBY');

  await bench.postgres.configure({ synchronous_standby_names: '' });
  await commit;
});

test('the server comes back as a standby, then as the primary: the daemon waits and goes on', async () => {
  await using bench = await FaultBench.open({ rows: 4_000 });
  const daemon = await bench.startDaemon();
  await bench.cache.fill();

  await bench.postgres.stop();
  await bench.postgres.writeFile('standby.signal', '');
  await bench.postgres.start();
  await waitFor(() => daemon.log.some((line) => line.includes('standby')), {
    what: 'the daemon to say that it found a standby',
    deadlineMs: 30_000,
  });
  expect(daemon.exit).toBeUndefined();

  await bench.postgres.stop();
  await rm(join(bench.postgres.dataFolder, 'standby.signal'));
  await bench.postgres.start();
  await waitUntilPhase('streaming', daemon);
  const writers = bench.write();
  await writers.load(50);
  await bench.expectConverged(daemon);
});

test('Postgres crashes with synchronous_commit off: what was read and is lost goes; a restart in order takes nothing', async () => {
  await using bench = await FaultBench.open({ rows: 10 });
  await bench.postgres.configure({ synchronous_commit: 'off' });
  const daemon = await bench.startDaemon();
  const { context } = bench;
  const crash = `freshet:{${context.slot}}:crash`;
  await waitFor(async () => (await context.redis.exists(crash)) === 1, {
    what: 'the daemon to know Postgres',
  });
  await bench.cache.fill();
  await context.fill('session:1');
  const cached = (await context.keys()).length;

  await bench.postgres.restart('fast');
  await waitUntilNextSession(daemon, 1);
  await context.sql.rows('UPDATE items SET version = version + 1 WHERE id = 1');
  for (const key of ['item:1', 'shelf:1:item:1']) await context.waitUntilGone(key);
  expect(await context.keys()).toHaveLength(cached - 2);

  await bench.postgres.restart('immediate');
  await waitFor(async () => (await context.keys()).length === 1, {
    what: 'the keys to go',
    deadlineMs: 30_000,
  });
  expect(await context.keys()).toEqual(['session:1']);
});

async function waitUntilNextSession(daemon: DaemonProcess, ended: number): Promise<void> {
  await waitFor(async () => (await daemon.metric('freshet_sessions_total')) >= ended, {
    what: 'the session to end',
  });
  await waitUntilPhase('streaming', daemon);
}
