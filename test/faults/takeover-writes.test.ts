import { expect, test } from 'vitest';
import { ruleText, type TestRule } from '../integration/rule-text.ts';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';
import { waitUntilPhase } from './wait-until-phase.ts';

const RULE: TestRule = { name: 'product', table: 'public.products', keys: ['product:${id}'] };
const SET: TestRule = { ...RULE, set: { ttl: '1h' } };
/** Its query waits for whoever has locked the gate. */
const REFRESH: TestRule = {
  ...RULE,
  refresh: {
    query: 'SELECT id, price FROM products WHERE id = ${id} AND NOT EXISTS (SELECT FROM gate)',
    ttl: '1h',
  },
};

/** A leader that talks to Redis through a proxy, and the one that stands by. */
interface Daemons {
  readonly proxy: TcpProxy;
  readonly leader: DaemonProcess;
  readonly standby: DaemonProcess;
}

/** With ten products at the price of 1, each cached. */
async function start(bench: FaultBench, rule: TestRule): Promise<Daemons> {
  const { context, redis } = bench;
  await context.sql.rows('CREATE TABLE products (id int PRIMARY KEY, price int); CREATE TABLE gate ()');
  const rules = ruleText(context.keyPrefix, [rule]);
  const proxy = context.use(await TcpProxy.open(redis.port));
  const leader = await bench.startDaemon({ rules, redisUrl: proxy.through(redis.url) });
  const standby = await bench.launchDaemon({ rules });
  await waitUntilPhase('standby', standby);
  const ids = Array.from({ length: 10 }, (_, index) => index + 1);
  await context.fill(...ids.map((id) => `product:${id}`));
  // So Redis also knows the script: else a held write would be asked for once more, in full.
  await context.sql.rows('INSERT INTO products SELECT id, 1 FROM generate_series(1, 10) id');
  for (const id of ids) await waitForPrice(bench, id, 1);
  return { proxy, leader, standby };
}

async function priceOf({ context }: FaultBench, id: number): Promise<number | undefined> {
  const text = await context.redis.get(context.key(`product:${id}`));
  return text === null || text === 'cached' ? undefined : JSON.parse(text).price;
}

async function waitForPrice(bench: FaultBench, id: number, price: number): Promise<void> {
  await waitFor(async () => (await priceOf(bench, id)) === price, { what: `product ${id} at ${price}` });
}

/** The leader is paused and loses the slot; the other one has done all there is to do, this change included. */
async function takeOver(bench: FaultBench, { leader, standby }: Daemons, change: string): Promise<void> {
  leader.kill('SIGSTOP');
  await bench.context.sql.rows(change);
  await bench.context.sql.rows('SELECT pg_terminate_backend($1)', [await bench.walsender()]);
  await waitUntilPhase('streaming', standby);
  await bench.waitUntilConfirmed();
}

/** What the former leader had sent arrives in Redis, then it goes on itself. */
async function wake({ context }: FaultBench, { proxy, leader }: Daemons): Promise<void> {
  const evaluated = async () => {
    const stats = await context.redis.info('commandstats');
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const before = await evaluated();
  proxy.resume();
  await waitFor(async () => (await evaluated()) > before, { what: 'the held write to arrive' });
  leader.kill('SIGCONT');
  await waitUntilPhase('standby', leader);
}

/** Both take part again, in the other order. */
async function expectToServe(bench: FaultBench, { leader, standby }: Daemons): Promise<void> {
  expect(await standby.stop()).toEqual({ code: 0, signal: null });
  await waitUntilPhase('streaming', leader);
  await bench.context.fill('product:1');
  await bench.context.sql.rows(
    'INSERT INTO products VALUES (1, 4) ON CONFLICT (id) DO UPDATE SET price = excluded.price',
  );
  await waitForPrice(bench, 1, 4);
}

test.each<[string, TestRule, string]>([
  ['TRUNCATE', SET, 'TRUNCATE products'],
  [
    'a mass change',
    { ...SET, massChange: { over: 10, then: 'purge' } },
    'UPDATE products SET price = 2 WHERE id > 1; UPDATE products SET price = 3',
  ],
])('a leader paused in the middle of a write stores nothing after %s', async (_what, rule, change) => {
  await using bench = await FaultBench.open({ rows: 1 });
  const daemons = await start(bench, rule);
  daemons.proxy.blackHole();
  await bench.context.sql.rows('UPDATE products SET price = 2 WHERE id = 1');
  await waitFor(() => daemons.proxy.heldBytes > 0, { what: 'the write to be on its way' });

  await takeOver(bench, daemons, change);
  expect(await bench.context.keys()).not.toContain('product:1');
  // A purge leaves a version only of what it has met, and a full Redis evicts that too.
  await bench.context.redis.unlink(`freshet:version:{${bench.context.key('product:1')}}`);
  await wake(bench, daemons);

  expect(await priceOf(bench, 1)).toBe(undefined);
  await expectToServe(bench, daemons);
});

test('a leader paused in the middle of a refresh stores nothing where its successor has skipped the key', async () => {
  await using bench = await FaultBench.open({ rows: 1 });
  const { context } = bench;
  const daemons = await start(bench, REFRESH);
  const gatekeeper = await context.connect();
  await gatekeeper.rows('BEGIN; LOCK TABLE gate');
  await context.sql.rows('UPDATE products SET price = 2 WHERE id = 1');
  const waiting = "SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  await waitFor(async () => (await context.sql.value<number>(waiting)) === 1, { what: 'the query' });
  daemons.proxy.blackHole();
  await gatekeeper.rows('COMMIT');
  await waitFor(() => daemons.proxy.heldBytes > 0, { what: 'the write to be on its way' });

  await context.redis.unlink(context.key('product:1'));
  await takeOver(bench, daemons, 'UPDATE products SET price = 3 WHERE id = 1');
  await wake(bench, daemons);

  expect(await priceOf(bench, 1)).toBe(undefined);
  await expectToServe(bench, daemons);
});
