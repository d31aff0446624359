import { describe, expect, test as plainTest } from 'vitest';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText, type TestRule } from './rule-text.ts';
import { confirmedLsn, waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const HOUR_MS = 3_600_000;

const SCHEMA = `
  CREATE TABLE players (id int PRIMARY KEY, team int, name text, points numeric);
  ALTER TABLE players REPLICA IDENTITY FULL;`;

const BOARD: TestRule = {
  name: 'board',
  table: 'public.players',
  keys: ['board:${team}'],
  sortedSet: { member: '${id}', score: 'points', ttl: '1h', jitter: 0 },
};
const NAMES: TestRule = {
  name: 'names',
  table: 'public.players',
  keys: ['names:${team}', 'names:all'],
  sortedSet: { member: '${name|lower}:${id}', score: 'points', ttl: '1h', always: true },
};

const test = withDaemon({ schema: SCHEMA, rules: [BOARD, NAMES] });

/** By member, as Redis writes them. */
async function scores(context: TestContext, name: string): Promise<Readonly<Record<string, string>>> {
  const flat = await context.redis.zrange(context.key(name), '0', '-1', 'WITHSCORES');
  const members = flat.filter((_, index) => index % 2 === 0);
  return Object.fromEntries(members.map((member, index) => [member, flat[2 * index + 1] ?? '']));
}

test('a set that is cached follows its rows', async ({ running: { context } }) => {
  const { sql, redis } = context;
  await redis.zadd(context.key('board:1'), 1, '90');
  await sql.rows(`INSERT INTO players VALUES (90, 1, 'Ann', 1), (1, 1, 'Ada', 9.50), (2, 1, 'Eve', NULL)`);
  await waitUntilSettled(context);
  expect(await scores(context, 'board:1')).toEqual({ 90: '1', 1: '9.5' });
  const ttl = await redis.pttl(context.key('board:1'));
  expect(ttl).toBeGreaterThan(HOUR_MS - 60_000);
  expect(ttl).toBeLessThanOrEqual(HOUR_MS);

  await sql.rows('UPDATE players SET points = 12 WHERE id IN (1, 2)');
  await waitUntilSettled(context);
  expect(await scores(context, 'board:1')).toEqual({ 90: '1', 1: '12', 2: '12' });
  await sql.rows('UPDATE players SET id = 11 WHERE id = 1; UPDATE players SET points = NULL WHERE id = 2');
  await waitUntilSettled(context);
  expect(await scores(context, 'board:1')).toEqual({ 90: '1', 11: '12' });
  await sql.rows('DELETE FROM players WHERE id = 90');
  await waitUntilSettled(context);
  expect(await scores(context, 'board:1')).toEqual({ 11: '12' });
});

test('a row that moves leaves one set and joins the other, where that is cached', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await redis.zadd(context.key('board:3'), 1, '93');
  await redis.zadd(context.key('board:4'), 1, '94');
  await sql.rows(`INSERT INTO players VALUES (93, 3, 'a', 1), (94, 4, 'b', 1), (31, 3, 'c', 5)`);
  await sql.rows('UPDATE players SET team = 4 WHERE id = 31');
  await waitUntilSettled(context);
  expect(await scores(context, 'board:3')).toEqual({ 93: '1' });
  expect(await scores(context, 'board:4')).toEqual({ 94: '1', 31: '5' });
  await sql.rows('UPDATE players SET team = 5 WHERE id = 31');
  await waitUntilSettled(context);
  expect(await scores(context, 'board:4')).toEqual({ 94: '1' });
  expect(await redis.exists(context.key('board:5')), 'a set of one member would be wrong').toBe(0);
});

test('with always a set that is absent is read whole, and then followed', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await sql.rows(`
    INSERT INTO players VALUES (61, 6, 'Ada', 1e400), (62, 6, 'EVE', 'NaN'), (63, 6, NULL, 3), (64, 6, 'Bob', -1)`);
  await waitUntilSettled(context);
  expect(await scores(context, 'names:6')).toEqual({ 'ada:61': 'inf', 'bob:64': '-1' });
  await redis.unlink(context.key('names:6'));
  await sql.rows('UPDATE players SET points = 2 WHERE id = 62');
  await waitUntilSettled(context);
  expect(await scores(context, 'names:6')).toEqual({
    'ada:61': 'inf',
    'bob:64': '-1',
    'eve:62': '2',
  });
  // A member that only Redis has shows that it is not read again while it exists.
  await redis.zadd(context.key('names:6'), 0, 'mark');
  await sql.rows(
    `UPDATE players SET name = 'Robert' WHERE id = 64; UPDATE players SET team = 7 WHERE id = 61`,
  );
  await waitUntilSettled(context);
  expect(await scores(context, 'names:6')).toEqual({ mark: '0', 'robert:64': '-1', 'eve:62': '2' });
  expect(await scores(context, 'names:7')).toEqual({ 'ada:61': 'inf' });
});

test('more changed members of one set than are written at once: the set goes, or is read whole', async ({
  running: { context },
}) => {
  const { sql, redis } = context;
  await redis.zadd(context.key('board:8'), 1, 'old');
  await redis.zadd(context.key('names:8'), 1, 'old');
  await sql.rows(`INSERT INTO players SELECT 100000 + n, 8, 'p', n FROM generate_series(1, 1500) AS n`);
  await waitUntilSettled(context);
  expect(await redis.exists(context.key('board:8'))).toBe(0);
  expect(Object.keys(await scores(context, 'names:8'))).toHaveLength(1_500);
  await sql.rows('DELETE FROM players WHERE team = 8');
  await waitUntilSettled(context);
  expect(await redis.exists(context.key('names:8'))).toBe(0);
});

describe('on servers of their own', () => {
  plainTest('TRUNCATE, and what comes after it', async () => {
    await using context = await TestContext.open();
    const { sql, redis } = context;
    await sql.rows(SCHEMA);
    await context.startDaemon({ rules: ruleText(context.keyPrefix, [BOARD, NAMES]) });
    await sql.rows(`INSERT INTO players VALUES (1, 1, 'Ada', 1), (2, 1, 'Eve', 2)`);
    await waitUntilSettled(context);
    await redis.zadd(context.key('board:1'), 1, '1', 2, '2');
    await sql.rows(`TRUNCATE players`);
    await waitUntilSettled(context);
    expect(await context.keys()).toEqual([]);
    await redis.zadd(context.key('board:1'), 9, '9');
    await sql.rows(`INSERT INTO players VALUES (9, 1, 'Old', 9)`);
    await waitUntilSettled(context);
    await sql.rows(`BEGIN; TRUNCATE players; INSERT INTO players VALUES (3, 1, 'New', 3); COMMIT`);
    await waitUntilSettled(context);
    expect(await context.keys()).toEqual(['names:1', 'names:all']);
    expect(await scores(context, 'names:1')).toEqual({ 'new:3': '3' });
    expect(await scores(context, 'names:all')).toEqual({ 'new:3': '3' });
  });

  plainTest(
    'delivered again after kill -9 and a crash of Postgres, changes leave the newest members',
    async () => {
      await using postgres = await LocalPostgres.create({
        settings: { autovacuum: false, bgwriter_delay: '10s' },
      });
      await using server = await LocalRedis.create();
      await using context = await TestContext.open({ postgresUrl: postgres.url, redisUrl: server.url });
      const { sql, redis } = context;
      await sql.rows(SCHEMA);
      const rules = ruleText(context.keyPrefix, [BOARD, NAMES]);
      const daemon = await context.startDaemon({ rules });
      await sql.rows('CHECKPOINT');
      // A position beyond its list of running transactions is written down when it is confirmed, later ones are not.
      await waitUntilSettled(context);
      await redis.zadd(context.key('board:1'), 0, 'mark');
      await sql.rows(`INSERT INTO players VALUES (1, 1, 'Ada', 1), (2, 1, 'Eve', 2)`);
      await sql.rows(`UPDATE players SET points = 5 WHERE id = 1`);
      await sql.rows(`UPDATE players SET name = 'Bea' WHERE id = 2`);
      await sql.rows(`DELETE FROM players WHERE id = 1`);
      await waitUntilSettled(context);
      const confirmed = await confirmedLsn(context);
      const expected = [await scores(context, 'board:1'), await scores(context, 'names:1')];
      expect(expected).toEqual([{ mark: '0', 2: '2' }, { 'bea:2': '2' }]);

      await daemon.stop('SIGKILL');
      await postgres.restart('immediate');
      await using reader = await context.connect();
      const again = { sql: reader, slot: context.slot };
      const isBack = await reader.value('SELECT $1::pg_lsn < $2::pg_lsn', [
        await confirmedLsn(again),
        confirmed,
      ]);
      expect(isBack, 'the slot has forgotten what was confirmed').toBe(true);
      await context.startDaemon({ rules });
      await waitUntilSettled(again);
      expect([await scores(context, 'board:1'), await scores(context, 'names:1')]).toEqual(expected);
    },
  );
});
