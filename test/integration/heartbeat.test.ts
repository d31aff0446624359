import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';

const servers = new AsyncDisposableStack();
let postgres: LocalPostgres;
let redis: LocalRedis;

beforeAll(async () => {
  postgres = servers.use(await LocalPostgres.create());
  redis = servers.use(await LocalRedis.create());
});

afterAll(() => servers.disposeAsync());

beforeEach(() => postgres.configure({ synchronous_standby_names: '' }));

async function openShop(): Promise<{ context: TestContext; daemon: DaemonProcess }> {
  const context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url });
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY)');
  const daemon = await context.startDaemon({ rules: rulesOf(context) });
  return { context, daemon };
}

function rulesOf({ keyPrefix }: TestContext): string {
  return ruleText(keyPrefix, [{ name: 'item', table: 'public.items', keys: ['item:${id}'] }]);
}

interface Beat {
  readonly position: string;
  readonly lagMs: number;
  readonly atMs: number;
}

async function readBeat({ redis: client, slot }: TestContext): Promise<Beat | undefined> {
  const { position, lagMs, atMs } = await client.hgetall(`freshet:{${slot}}:heartbeat`);
  return position === undefined ? undefined : { position, lagMs: Number(lagMs), atMs: Number(atMs) };
}

/** Waits for a heartbeat, not older than one that is given, that satisfies a condition. */
async function untilBeat(
  context: TestContext,
  what: string,
  isSo: (beat: Beat) => boolean | Promise<boolean>,
): Promise<Beat> {
  return waitFor(
    async () => {
      const beat = await readBeat(context);
      return beat !== undefined && (await isSo(beat)) && beat;
    },
    { what: `a heartbeat: ${what}`, deadlineMs: 40_000 },
  );
}

/** Three in a row, so that it is no accident. */
async function untilFresh(context: TestContext): Promise<void> {
  let lastMs = 0;
  let fresh = 0;
  await untilBeat(context, 'fresh, three times in a row', ({ lagMs, atMs }) => {
    if (atMs === lastMs) return false;
    lastMs = atMs;
    fresh = lagMs < 2_000 ? fresh + 1 : 0;
    return fresh === 3;
  });
}

async function isBeyond({ sql }: TestContext, position: string, lsn: string): Promise<boolean> {
  return sql.value<boolean>('SELECT $1::pg_lsn >= $2::pg_lsn', [position, lsn]);
}

test('the position passes a commit as soon as its keys are gone, also while more of them come', async () => {
  await using shop = new AsyncDisposableStack();
  const { context } = await openShop();
  shop.use(context);
  for (let id = 1; id <= 5; id++) {
    await context.fill(`item:${id}`);
    await context.sql.rows('INSERT INTO items VALUES ($1)', [id]);
    const committed = await context.sql.value<string>('SELECT pg_current_wal_flush_lsn()::text');
    await untilBeat(context, 'beyond the commit', ({ position }) => isBeyond(context, position, committed));
    expect(await context.keys()).toEqual([]);
  }
});

test('on an idle server it stays fresh, also behind the end of a WAL segment', async () => {
  await using shop = new AsyncDisposableStack();
  const { context, daemon } = await openShop();
  shop.use(context);
  await untilFresh(context);
  await context.admin.rows('SELECT pg_switch_wal()');
  await untilFresh(context);
  await waitFor(async () => (await daemon.metric('freshet_freshness_lag_seconds')) < 3, {
    what: 'the metric to tell the same',
  });
});

test('while a commit cannot be applied for good the lag grows and the position waits before it', async () => {
  await using shop = new AsyncDisposableStack();
  const { context, daemon } = await openShop();
  shop.use(context);
  await untilFresh(context);
  await postgres.configure({ synchronous_standby_names: 'nobody' });
  const session = await context.connect();
  const held = session.rows('INSERT INTO items VALUES (1)');
  const end = await waitFor(
    async () => {
      const [waiting] = await context.sql.rows<{ lsn: string }>(
        `SELECT pg_current_wal_flush_lsn()::text AS lsn FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
      );
      return waiting?.lsn;
    },
    { what: 'the commit to wait' },
  );
  const behind = await untilBeat(context, 'behind', ({ lagMs }) => lagMs > 3_000);
  expect(await isBeyond(context, behind.position, end)).toBe(false);
  expect(await daemon.metric('freshet_freshness_lag_seconds')).toBeGreaterThan(3);

  await postgres.configure({ synchronous_standby_names: '' });
  await held;
  await untilFresh(context);
  await untilBeat(context, 'beyond the commit', ({ position }) => isBeyond(context, position, end));
});

test('a daemon that has lost Postgres claims nothing, and goes on when it is back', async () => {
  await using shop = new AsyncDisposableStack();
  const { context, daemon } = await openShop();
  shop.use(context);
  const sessions = await daemon.metric('freshet_sessions_total');
  await untilFresh(context);
  await postgres.stop('immediate');
  await waitFor(async () => (await daemon.metric('freshet_sessions_total')) > sessions, {
    what: 'the session to end',
  });
  const last = await readBeat(context);
  await waitFor(async () => (await daemon.metric('freshet_sessions_total')) > sessions + 3, {
    what: 'three more attempts',
    deadlineMs: 20_000,
  });
  expect(await readBeat(context)).toEqual(last);
  await postgres.start();
  await untilFresh(context);
});

test('a standby writes nothing and claims nothing', async () => {
  await using shop = new AsyncDisposableStack();
  const { context, daemon: leader } = await openShop();
  shop.use(context);
  const standby = await context.startDaemon({ rules: rulesOf(context) });
  await waitFor(async () => (await (await fetch(`${standby.httpUrl}/readyz`)).text()) === 'standby\n', {
    what: 'the second to stand by',
  });
  expect(await standby.metrics()).toMatch(/^freshet_freshness_lag_seconds Nan$/m);
  await leader.stop('SIGKILL');
  await context.redis.del(`freshet:{${context.slot}}:heartbeat`);
  await untilFresh(context);
});
