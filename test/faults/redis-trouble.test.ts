import { expect, test } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';

/** More than the socket timeout in src/pipeline/redis/connect-redis.ts. */
const SILENCE_MS = 11_500;
const REFUSAL_MS = 2_000;

async function underLoad(bench: FaultBench, redisUrl = bench.context.redisUrl): Promise<DaemonProcess> {
  const daemon = await bench.startDaemon({ redisUrl });
  await bench.cache.fill();
  const writers = bench.write();
  await writers.load(100);
  return daemon;
}

async function command(bench: FaultBench, line: string): Promise<void> {
  const [name = '', ...args] = line.split(' ');
  await bench.context.redis.call(name, ...args);
}

/** In the metrics, and in one line however long it lasts; a busy daemon notices a little later. */
async function expectReported(daemon: DaemonProcess): Promise<void> {
  const reports = () => daemon.log.filter((line) => line.includes('Redis fails'));
  await waitFor(() => reports().length > 0, { what: 'the outage to be reported' });
  expect(reports()).toHaveLength(1);
  expect(await daemon.metric('freshet_redis_errors_total')).toBeGreaterThan(0);
}

test('Redis killed and back empty: what changes afterwards goes', async () => {
  await using bench = await FaultBench.open({ rows: 8_000 });
  const daemon = await underLoad(bench);

  await bench.redis.kill();
  await bench.redis.start();
  await bench.context.redis.flushall();
  await bench.expectConverged(daemon);

  await bench.cache.fill();
  await bench.context.sql.rows('UPDATE items SET version = version + 1');
  await bench.expectConverged(daemon);
  expect(await bench.cache.existing(bench.cache.filledKeys(1))).toEqual([]);
});

test('Redis frozen (SIGSTOP) for longer than the socket timeout: nothing confirmed, then all of it applied', async () => {
  await using bench = await FaultBench.open({ rows: 30_000 });
  const daemon = await underLoad(bench);

  bench.redis.freeze();
  await bench.expectNothingConfirmed(SILENCE_MS);
  await expectReported(daemon);
  bench.redis.thaw();

  await bench.expectConverged(daemon);
});

test('network to Redis cut without FIN: the connection is made anew, nothing confirmed meanwhile', async () => {
  await using bench = await FaultBench.open({ rows: 30_000 });
  await using proxy = await TcpProxy.open(bench.redis.port);
  const daemon = await underLoad(bench, proxy.through(bench.context.redisUrl));

  proxy.blackHole();
  await bench.expectNothingConfirmed(SILENCE_MS);
  await expectReported(daemon);
  proxy.resume();

  await bench.expectConverged(daemon);
});

test('Redis connections reset in mid-command, several times', async () => {
  await using bench = await FaultBench.open({ rows: 12_000 });
  await using proxy = await TcpProxy.open(bench.redis.port);
  const daemon = await underLoad(bench, proxy.through(bench.context.redisUrl));

  for (let round = 0; round < 5; round++) {
    await waitFor(() => proxy.connections > 0, { what: 'the daemon to come back' });
    proxy.cut();
  }

  await bench.expectConverged(daemon);
});

test.for([
  { reply: 'NOPERM', refuse: 'ACL SETUSER default -unlink', mend: 'ACL SETUSER default +unlink' },
  { reply: 'READONLY', refuse: 'REPLICAOF 127.0.0.1 1', mend: 'REPLICAOF NO ONE' },
])(
  'Redis answers $reply: nothing confirmed, said once, then all of it applied',
  async ({ reply, refuse, mend }) => {
    await using bench = await FaultBench.open({ rows: 12_000 });
    const daemon = await underLoad(bench);

    await command(bench, refuse);
    await bench.expectNothingConfirmed(REFUSAL_MS);
    await expectReported(daemon);
    expect(daemon.log.join('\n')).toContain(reply);
    await command(bench, mend);

    await bench.expectConverged(daemon);
  },
);

test('Redis refuses everything while a new session begins: the daemon waits instead of ending', async () => {
  await using bench = await FaultBench.open({ rows: 12_000 });
  const daemon = await underLoad(bench);

  await command(bench, 'ACL SETUSER default -unlink -hset -hgetall');
  await bench.context.sql.rows('SELECT pg_terminate_backend($1)', [await bench.walsender()]);
  await waitFor(async () => (await daemon.metric('freshet_sessions_total')) > 0, {
    what: 'the session to end',
  });
  await bench.expectNothingConfirmed(REFUSAL_MS);
  expect(daemon.exit).toBeUndefined();
  await command(bench, 'ACL SETUSER default +@all');

  await bench.expectConverged(daemon);
});
