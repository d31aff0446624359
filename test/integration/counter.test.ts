import { describe, expect, test as plainTest } from 'vitest';
import { SeededRandom } from '../faults/seeded-random.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import type { SqlClient } from '../support/sql-client.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText, type TestRule } from './rule-text.ts';
import { confirmedLsn, waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const SCHEMA = `
  CREATE EXTENSION IF NOT EXISTS citext;
  CREATE TABLE "order" (id int PRIMARY KEY, "user" int, price numeric(9, 2));
  ALTER TABLE "order" REPLICA IDENTITY FULL;
  CREATE INDEX ON "order" ("user");
  CREATE TABLE words (id int PRIMARY KEY, word citext, size numeric);
  ALTER TABLE words REPLICA IDENTITY FULL;
  CREATE TABLE parts (id int, owner int NOT NULL, PRIMARY KEY (id, owner)) PARTITION BY HASH (id);
  CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);`;

function counter(name: string, table: string, key: string, spec: object): TestRule {
  return { name, table, keys: [key], counter: { ttl: '1h', jitter: 0, ...spec } };
}

const RULES = [
  counter('orders', 'public."order"', 'orders:${"user"}', { count: {} }),
  counter('spent', 'public."order"', 'spent:${"user"}', { sum: 'price', always: true }),
  counter('total', 'public."order"', 'orders', { count: {}, always: true }),
  counter('words', 'public.words', 'words:${word}:${size}', { count: {}, always: true }),
  counter('parts', 'public.parts', 'parts:${owner}', { count: {}, always: true }),
];

const test = withDaemon({ schema: SCHEMA, rules: RULES });

async function values(
  context: TestContext,
  ...names: readonly string[]
): Promise<readonly (string | null)[]> {
  return context.redis.mget(names.map((name) => context.key(name)));
}

test('counts and sums are those of the table, at both places of a row that moves', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await context.fill('orders:1', 'orders:2');
  await sql.rows(`INSERT INTO "order" VALUES (1, 1, 9.50), (2, 1, 0.50), (3, 2, NULL), (4, NULL, 7)`);
  await waitUntilSettled(context);
  expect(await values(context, 'orders:1', 'orders:2', 'spent:1', 'spent:2', 'orders')).toEqual([
    '2',
    '1',
    '10.00',
    '0',
    '4',
  ]);
  expect(await redis.pttl(context.key('spent:1'))).toBeGreaterThan(3_600_000 - 60_000);
  await sql.rows(`UPDATE "order" SET "user" = 3 WHERE id = 1; DELETE FROM "order" WHERE id = 3`);
  await waitUntilSettled(context);
  expect(
    await values(context, 'orders:1', 'orders:2', 'orders:3', 'spent:1', 'spent:2', 'spent:3', 'orders'),
  ).toEqual(['1', '0', null, '0.50', '0', '9.50', '3']);
  await sql.rows('TRUNCATE "order"');
  await waitUntilSettled(context);
  expect(await values(context, 'orders:1', 'spent:1', 'orders')).toEqual([null, null, '0']);
});

test('values that are equal in Postgres and have different keys are counted apart', async ({
  running: { context },
}) => {
  await context.sql.rows(
    `INSERT INTO words VALUES (1, 'Tea', 1.0), (2, 'tea', 1.0), (3, 'tea', 1.00), (4, 'tea', 1.0)`,
  );
  await waitUntilSettled(context);
  expect(await values(context, 'words:Tea:1.0', 'words:tea:1.0', 'words:tea:1.00')).toEqual(['1', '2', '1']);
});

test('of a partitioned table all partitions count', async ({ running: { context } }) => {
  await context.sql.rows('INSERT INTO parts SELECT n, 1 FROM generate_series(1, 50) AS n');
  await waitUntilSettled(context);
  expect(await values(context, 'parts:1')).toEqual(['50']);
});

const USERS = 6;

/** Transactions of a few changes each, some of which are rolled back. */
async function write(sql: SqlClient, random: SeededRandom, ids: number, transactions: number): Promise<void> {
  const user = (): number => random.below(USERS);
  for (let n = 0; n < transactions; n++) {
    const changes = Array.from({ length: 1 + random.below(3) }, () => {
      const id = ids + random.below(40);
      switch (random.below(4)) {
        case 0:
          return `DELETE FROM "order" WHERE id = ${id}`;
        case 1:
          return `UPDATE "order" SET "user" = ${user()} WHERE id = ${id}`;
        default:
          return `INSERT INTO "order" VALUES (${id}, ${user()}, ${random.below(1_000)} / 7.0)
            ON CONFLICT (id) DO UPDATE SET "user" = excluded."user", price = excluded.price`;
      }
    });
    // oxlint-disable-next-line no-await-in-loop -- one session, one transaction after the other.
    await sql.rows(['BEGIN', ...changes, random.below(8) === 0 ? 'ROLLBACK' : 'COMMIT'].join('; '));
  }
}

describe('exact', () => {
  plainTest('under concurrent writers, through kill -9 of the daemon and a crash of Postgres', async () => {
    await using postgres = await LocalPostgres.create({
      settings: { autovacuum: false, bgwriter_delay: '10s' },
    });
    await using server = await LocalRedis.create();
    await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: server.url });
    await context.sql.rows(SCHEMA);
    const rules = ruleText(context.keyPrefix, RULES);
    const seed = Math.floor(Math.random() * 2 ** 31);
    const work = async (round: number): Promise<void> => {
      await Promise.all(
        [0, 1, 2].map(async (writer) => {
          await using sql = await context.connect();
          await write(sql, new SeededRandom(seed + 10 * round + writer), writer * 1_000, 100);
        }),
      );
    };
    let daemon = await context.startDaemon({ rules });
    await context.fill(...Array.from({ length: USERS }, (_, user) => `orders:${user}`));
    for (const round of [1, 2, 3]) {
      const working = work(round);
      await daemon.stop('SIGKILL');
      daemon = await context.startDaemon({ rules });
      await working;
    }
    await using reader = await context.connect();
    await waitUntilSettled({ sql: reader, slot: context.slot });
    await expectExact(context, reader, seed);

    await reader.rows('CHECKPOINT');
    // A position beyond its list of running transactions is written down when it is confirmed, later ones are not.
    await waitUntilSettled({ sql: reader, slot: context.slot });
    await work(4);
    await waitUntilSettled({ sql: reader, slot: context.slot });
    const confirmed = await confirmedLsn({ sql: reader, slot: context.slot });
    await daemon.stop('SIGKILL');
    await postgres.restart('immediate');
    await using again = await context.connect();
    const there = { sql: again, slot: context.slot };
    expect(await again.value('SELECT $1::pg_lsn < $2::pg_lsn', [await confirmedLsn(there), confirmed])).toBe(
      true,
    );
    await context.startDaemon({ rules });
    await waitUntilSettled(there);
    await expectExact(context, again, seed);
  });
});

async function expectExact(context: TestContext, sql: SqlClient, seed: number): Promise<void> {
  const rows = await sql.rows<{ user: number; count: string; sum: string }>(`
    SELECT "user", count(id)::text AS count, coalesce(sum(price), 0)::text AS sum
    FROM generate_series(0, ${USERS - 1}) AS "user" LEFT JOIN "order" USING ("user") GROUP BY 1 ORDER BY 1`);
  const names = rows.flatMap(({ user }) => [`orders:${user}`, `spent:${user}`]);
  expect(await values(context, ...names), `seed ${seed}`).toEqual(
    rows.flatMap(({ count, sum }) => [count, sum]),
  );
}
