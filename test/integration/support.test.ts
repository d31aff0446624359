import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { POSTGRES_MAJORS } from '../support/postgres/postgres-binaries.ts';
import { createStandby, pauseReplay, resumeReplay } from '../support/postgres/standby.ts';
import { answersPing, LocalRedis } from '../support/redis/local-redis.ts';
import { SqlClient } from '../support/sql-client.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';

describe('LocalPostgres', () => {
  test.each(POSTGRES_MAJORS)('%i decodes logically and survives each way to stop', async (major) => {
    await using server = await LocalPostgres.create({ major });
    await using client = await server.connect();
    expect(await client.value('SHOW server_version_num')).toMatch(new RegExp(`^${major}`));
    await client.rows('CREATE TABLE kept (id int)');
    await client.rows(`SELECT pg_create_logical_replication_slot('a_slot', 'pgoutput')`);

    await client.rows('INSERT INTO kept VALUES (1)');
    await server.restart('fast');
    await client.rows('INSERT INTO kept VALUES (2)');
    await server.restart('immediate');
    await client.rows('INSERT INTO kept VALUES (3)');
    await server.kill();
    await server.start();

    expect(await client.value('SELECT sum(id)::int FROM kept')).toBe(6);
    expect(await client.value('SELECT plugin FROM pg_replication_slots')).toBe('pgoutput');
  });

  test('asks for a password where it is told to', async () => {
    await using server = await LocalPostgres.create({ auth: 'scram-sha-256' });
    await using client = await server.connect();
    expect(await client.value('SELECT 1')).toBe(1);
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(SqlClient.open(wrong.href)).rejects.toMatchObject({ code: '28P01' });
  });

  test.each(POSTGRES_MAJORS)('%i has a synchronous standby that can lag', async (major) => {
    await using primary = await LocalPostgres.create({ major });
    await using client = await primary.connect();
    await client.rows('CREATE TABLE seen (id int)');
    await using standby = await createStandby(primary, { name: 'behind' });
    await primary.configure({ synchronous_standby_names: 'behind', synchronous_commit: 'remote_apply' });
    await waitFor(async () => (await client.value('SELECT sync_state FROM pg_stat_replication')) === 'sync', {
      what: 'the standby to count as synchronous',
    });

    await pauseReplay(standby);
    await using writer = await primary.connect();
    const commit = writer.rows('INSERT INTO seen VALUES (1)');
    await waitFor(
      async () =>
        (await client.rows(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)).length === 1,
      { what: 'the commit to wait for the standby' },
    );
    expect(await client.value('SELECT count(*)::int FROM seen')).toBe(0);

    await resumeReplay(standby);
    await commit;
    await using reader = await standby.connect();
    expect(await reader.value('SELECT count(*)::int FROM seen')).toBe(1);
  });
});

test('LocalRedis comes back empty on its port, and can be frozen', async () => {
  await using server = await LocalRedis.create();
  const { port } = server;
  server.freeze();
  const answer = answersPing(server.url);
  expect(await Promise.race([answer.then(() => 'answered'), sleep(100, 'silent')])).toBe('silent');
  server.thaw();
  expect(await answer).toBe(true);
  await server.kill();
  await expect(answersPing(server.url)).rejects.toThrow();
  await server.start();
  expect(server.port).toBe(port);
  expect(await answersPing(server.url)).toBe(true);
});

describe('TcpProxy', () => {
  test('in a black hole connections stay open and nothing arrives until it resumes', async () => {
    await using server = await LocalRedis.create();
    await using proxy = await TcpProxy.open(server.port);
    const socket = createConnection(proxy.port, '127.0.0.1');
    let heard = '';
    let hasEnded = false;
    socket.on('data', (bytes) => (heard += bytes.toString())).on('close', () => (hasEnded = true));
    socket.write('PING\r\n');
    await waitFor(() => heard === '+PONG\r\n', { what: 'an answer through the proxy' });

    proxy.blackHole();
    socket.write('PING\r\n');
    // That nothing happens can only be seen by waiting a while.
    await sleep(200);
    expect(heard).toBe('+PONG\r\n');
    await server.kill();
    await sleep(100);
    expect(hasEnded).toBe(false);

    proxy.resume();
    await waitFor(() => hasEnded, { what: 'the end of the connection to arrive at last' });
  });

  test('a cut resets, and the next connection works', async () => {
    await using server = await LocalRedis.create();
    await using proxy = await TcpProxy.open(server.port);
    const socket = createConnection(proxy.port, '127.0.0.1');
    await waitFor(() => proxy.connections === 1, { what: 'the connection' });
    const fault = once(socket, 'error');
    proxy.cut();
    expect(await fault).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(await answersPing(proxy.through(server.url))).toBe(true);
  });
});

test('a context leaves no database, slot or key behind, even with a slot in use', async () => {
  let seen: { readonly slot: string; readonly database: string; readonly prefix: string };
  await using outer = await TestContext.open();
  {
    await using context = await TestContext.open();
    seen = { slot: context.slot, database: context.database, prefix: context.keyPrefix };
    await context.fill('product:1', 'product:2');
    expect(await context.keys()).toEqual(['product:1', 'product:2']);
    await context.sql.rows(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [context.slot]);
    const stream = new Client({ connectionString: `${context.databaseUrl}?replication=database` });
    stream.on('error', () => {});
    await stream.connect();
    void stream
      .query(`START_REPLICATION SLOT ${context.slot} LOGICAL 0/0 (proto_version '1', publication_names 'x')`)
      .catch(() => {});
    const inUse = 'SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND active';
    await waitFor(async () => (await context.admin.rows(inUse, [context.slot])).length > 0, {
      what: 'the slot to be in use',
    });
  }
  expect(
    await outer.admin.rows('SELECT 1 FROM pg_replication_slots WHERE slot_name = $1', [seen.slot]),
  ).toEqual([]);
  expect(await outer.admin.rows('SELECT 1 FROM pg_database WHERE datname = $1', [seen.database])).toEqual([]);
  expect(await outer.redis.keys(`${seen.prefix}*`)).toEqual([]);
});
