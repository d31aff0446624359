import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeReplica } from '../../src/pipeline/capture/describe-replica.ts';
import { QueryPool } from '../../src/pipeline/capture/query-pool.ts';
import { checkReplicas, readSystemId } from '../../src/preflight/checks/check-replicas.ts';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { freePort } from '../support/free-port.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { createStandby, pauseReplay, resumeReplay } from '../support/postgres/standby.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { SqlClient } from '../support/sql-client.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { confirmedLsn, mark, waitUntilSettled } from './settled.ts';

/** Readers read the replica: what it does not show yet comes back into the cache after an early delete. */
const servers = new AsyncDisposableStack();
let primary: LocalPostgres;
let replica: LocalPostgres;
let redis: LocalRedis;

beforeAll(async () => {
  primary = servers.use(await LocalPostgres.create());
  redis = servers.use(await LocalRedis.create());
  replica = servers.use(await createStandby(primary, { name: 'replica' }));
});

afterAll(() => servers.disposeAsync());

beforeEach(() => resumeReplay(replica).catch(() => replica.start(standbySettings())));

class Shop implements AsyncDisposable {
  readonly context: TestContext;
  readonly daemon: DaemonProcess;
  readonly #standby: LocalPostgres;

  private constructor(context: TestContext, daemon: DaemonProcess, standby: LocalPostgres) {
    this.context = context;
    this.daemon = daemon;
    this.#standby = standby;
  }

  /** @param url where the daemon reaches the standby */
  static async open(standby: LocalPostgres, url = standby.url): Promise<Shop> {
    const context = await TestContext.open({ postgresUrl: primary.url, redisUrl: redis.url });
    await context.sql.rows(`
      CREATE TABLE products (id int PRIMARY KEY, n int);
      INSERT INTO products SELECT g, 0 FROM generate_series(1, 20) g`);
    const daemon = await context.startDaemon({
      rules: productRules(context),
      settings: { 'postgres.replicas': url },
    });
    const shop = new Shop(context, daemon, standby);
    await waitFor(async () => (await shop.read(20)) === 0, { what: 'the replica to have the table' });
    return shop;
  }

  /** A reader of the replica. */
  async read(id: number): Promise<number> {
    await using client = await SqlClient.open(this.#standby.urlOf(this.context.database));
    return await client.value<number>('SELECT n FROM products WHERE id = $1', [id]);
  }

  /** What a cache-aside reader does: SELECT and store. @returns what it saw */
  async readThrough(id: number): Promise<number> {
    const n = await this.read(id);
    await this.context.redis.set(this.context.key(`product:${id}`), n);
    return n;
  }

  /** @returns where the WAL ends after it */
  async update(id: number): Promise<string> {
    const { sql } = this.context;
    await sql.rows('UPDATE products SET n = n + 1 WHERE id = $1', [id]);
    return sql.value<string>('SELECT pg_current_wal_flush_lsn()::text');
  }

  async hasConfirmed(position: string): Promise<boolean> {
    const { sql } = this.context;
    return sql.value('SELECT $1::pg_lsn >= $2::pg_lsn', [await confirmedLsn(this.context), position]);
  }

  /** Keys go although the replica holds up their confirmation, again and again. */
  async expectHeldUp(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      await this.readThrough(id).catch(() => this.context.fill(`product:${id}`));
      const position = await this.update(id);
      await this.context.waitUntilGone(`product:${id}`);
      expect(await this.hasConfirmed(position)).toBe(false);
    }
  }

  logged(message: string): readonly string[] {
    return this.daemon.log.filter((line) => line.includes(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context[Symbol.asyncDispose]();
  }
}

function productRules({ keyPrefix }: TestContext, ...more: readonly string[]): string {
  return ruleText(
    keyPrefix,
    ['product', ...more].map((name) => ({ name, table: 'public.products', keys: [`${name}:\${id}`] })),
  );
}

describe('a key is deleted for good only when the replica shows the change:', () => {
  test('replay is paused', async () => {
    await using shop = await Shop.open(replica);
    const { context } = shop;
    await pauseReplay(replica);
    await shop.readThrough(1);
    const position = await shop.update(1);
    await context.waitUntilGone('product:1');
    expect(await shop.readThrough(1)).toBe(0);
    await shop.expectHeldUp([2, 3, 4]);
    expect(await shop.hasConfirmed(position)).toBe(false);
    expect(await context.keys()).toContain('product:1');

    await resumeReplay(replica);
    await context.waitUntilGone('product:1');
    expect(await shop.readThrough(1)).toBe(1);
    await waitUntilSettled(context);
    expect(await context.keys()).toContain('product:1');
    expect(await shop.daemon.metric('freshet_replica_lag_seconds')).toBe(0);
  });

  test('a paused replay is reported once, with the seconds that it holds things up', async () => {
    await using shop = await Shop.open(replica);
    await pauseReplay(replica);
    await shop.update(1);
    await waitFor(async () => (await shop.daemon.metric('freshet_replica_lag_seconds')) > 6, {
      what: 'the replica to be behind',
      deadlineMs: 30_000,
    });
    await shop.expectHeldUp([2, 3]);
    await waitFor(() => shop.logged('a replica replays late').length > 0, { what: 'the report' });
    const lines = shop.logged('a replica replays late');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`127.0.0.1:${replica.port}`);
    await resumeReplay(replica);
    await waitUntilSettled(shop.context);
    await waitFor(() => shop.logged('a replica has caught up').length > 0, { what: 'the report of the end' });
    expect(shop.logged('a replica has caught up')).toHaveLength(1);
  });

  test('it is down', async () => {
    await using shop = await Shop.open(replica);
    const { context, daemon } = shop;
    await shop.readThrough(1);
    await replica.stop('immediate');
    await shop.expectHeldUp([1, 2, 3, 4]);
    await waitFor(async () => (await daemon.metric('freshet_replica_lag_seconds')) > 3, {
      what: 'the outage to be measured',
      deadlineMs: 30_000,
    });
    const lines = shop.logged('a replica cannot be asked');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`"replica":"127.0.0.1:${replica.port}"`);
    expect(lines[0]).not.toContain('postgres://');

    await context.fill('product:1');
    await replica.start(standbySettings());
    await context.waitUntilGone('product:1', 30_000);
    expect(await shop.readThrough(1)).toBe(1);
    await waitUntilSettled(context);
    expect(await context.keys()).toContain('product:1');
    expect(shop.logged('a replica has caught up')).toHaveLength(1);
  });

  test('it is gone without a word: keys go as fast as ever', async () => {
    await using proxy = await TcpProxy.open(replica.port);
    await using shop = await Shop.open(replica, proxy.through(replica.url));
    await shop.update(1);
    await waitUntilSettled(shop.context);
    proxy.blackHole();
    const startedMs = performance.now();
    await shop.expectHeldUp([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // Waiting for the replica's time limit with each of them would take 20 s.
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await waitFor(() => shop.logged('a replica cannot be asked').length === 1, { what: 'the log line' });
    proxy.resume();
    await waitUntilSettled(shop.context);
  });

  test('it was promoted', async () => {
    await using promoted = await createStandby(primary, { name: 'promoted' });
    await using shop = await Shop.open(promoted);
    await using client = await promoted.connect();
    await client.rows('SELECT pg_promote()');
    await shop.expectHeldUp([1, 2, 3]);
    await waitFor(() => shop.logged('is not a standby any more').length === 1, { what: 'the alarm' });
    expect(shop.logged('is not a standby any more')[0]).toContain('take it out of postgres.replicas');
    await shop.expectHeldUp([4]);
  });
});

test('the keys of a new rule are purged again when the replica shows what the primary does', async () => {
  await using shop = await Shop.open(replica);
  const { context, daemon } = shop;
  await pauseReplay(replica);
  // A commit that no rule minds: nothing waits for it but the purge.
  await mark(context.sql);
  await context.fill('item:1');
  await daemon.changeRules(productRules(context, 'item'));
  await context.waitUntilGone('item:1', 30_000);
  // What the new session has read again is applied by then.
  await shop.expectHeldUp([2, 3]);
  await context.fill('item:1');
  await shop.expectHeldUp([4]);
  expect(await context.keys()).toContain('item:1');
  await resumeReplay(replica);
  await context.waitUntilGone('item:1', 30_000);
});

describe('preflight', () => {
  test('a standby is one; the primary, another server, one that is away and one that refuses are not', async () => {
    await using other = await LocalPostgres.create();
    const away = await freePort();
    expect(
      await check(
        replica.url,
        primary.url,
        other.url,
        `postgres://postgres@127.0.0.1:${away}/postgres`,
        replica.urlOf('no_such_database'),
      ),
    ).toEqual([
      `REPLICA_WAITS_FOR_QUERIES ${at(replica.port)}`,
      `REPLICA_NOT_IN_RECOVERY ${at(primary.port)}`,
      `REPLICA_OF_OTHER_SERVER ${at(other.port)}`,
      `REPLICA_UNREACHABLE ${at(away)}`,
      `REPLICA_DENIED ${at(replica.port)}`,
    ]);
  });

  test('a delay that is set is told', async () => {
    await replica.configure({ recovery_min_apply_delay: '90s', hot_standby_feedback: true });
    try {
      expect(await check(replica.url)).toEqual([`REPLICA_DELAYED ${at(replica.port)}`]);
    } finally {
      await replica.configure({ recovery_min_apply_delay: '0' });
    }
    expect(await check(replica.url)).toEqual([]);
  });
});

/** Those that createStandby has started it with, which a start forgets. */
function standbySettings() {
  return {
    hot_standby: true,
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres password=postgres application_name=replica`,
    primary_slot_name: 'replica',
  };
}

async function check(...urls: readonly string[]): Promise<readonly string[]> {
  await using pool = new QueryPool(primary.url);
  const facts = await Promise.all(urls.map(describeReplica));
  const findings = checkReplicas(facts, await readSystemId(pool.query));
  return findings.map(({ code, subject }) => `${code} ${subject}`);
}

function at(port: number): string {
  return `replica 127.0.0.1:${port}`;
}
