import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { POSTGRES_MAJORS } from '../support/postgres/postgres-binaries.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { SqlClient } from '../support/sql-client.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText } from './rule-text.ts';

const ROLE_SQL = join(import.meta.dirname, '../../deploy/postgres/role.sql');

/** In a schema that PUBLIC may not use, in a database that PUBLIC may not connect to; a partition makes catalog look-ups. */
const SCHEMA = `
  CREATE SCHEMA secret;
  CREATE TABLE secret.accounts (id int PRIMARY KEY);
  CREATE TABLE secret.visits (id int PRIMARY KEY) PARTITION BY RANGE (id);
  CREATE TABLE secret.visits_low PARTITION OF secret.visits FOR VALUES FROM (0) TO (100);
  REVOKE ALL ON SCHEMA public FROM PUBLIC`;

// The role belongs to the whole cluster, so each of these tests has a cluster of its own.
test.each(POSTGRES_MAJORS)('the role of deploy/postgres/role.sql is enough on Postgres %i', async (major) => {
  await using server = await LocalPostgres.create({ major, auth: 'scram-sha-256' });
  await using redis = await LocalRedis.create();
  await using context = await TestContext.open({ postgresUrl: server.url, redisUrl: redis.url });
  const { admin, sql, database, publication } = context;
  await admin.rows(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
  await sql.rows(SCHEMA);
  await sql.rows(await readFile(ROLE_SQL, 'utf8'));
  await sql.rows(`ALTER ROLE freshet PASSWORD 'narrow'`);
  await sql.rows(`CREATE PUBLICATION ${publication} FOR TABLE secret.accounts, secret.visits`);
  const url = new URL(context.databaseUrl);
  url.username = 'freshet';
  url.password = 'narrow';

  await using role = await SqlClient.open(url.href);
  await expect(role.rows('SELECT * FROM secret.accounts')).rejects.toThrow('permission denied');
  // Makes the slot, then proves all that `freshet check` proves.
  const daemon = await context.startDaemon({
    postgresUrl: url.href,
    rules: ruleText(context.keyPrefix, [
      { name: 'account', table: 'secret.accounts', keys: ['account:${id}'] },
      { name: 'visit', table: 'secret.visits', keys: ['visit:${id}'] },
    ]),
  });
  await context.fill('account:7', 'visit:7', 'account:8');
  await sql.rows('INSERT INTO secret.accounts VALUES (7); INSERT INTO secret.visits VALUES (7)');
  await context.waitUntilGone('account:7');
  await context.waitUntilGone('visit:7');

  expect(await context.keys()).toEqual(['account:8']);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
});
