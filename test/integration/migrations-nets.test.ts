import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { toLsn } from '../../src/domain/lsn.ts';
import type { Rule } from '../../src/domain/rule.ts';
import { INSTALL_DDL_CAPTURE_SQL, UNINSTALL_DDL_CAPTURE_SQL } from '../../src/migrations/ddl-capture-sql.ts';
import { type DdlCaptureState, readDdlCapture } from '../../src/migrations/ddl-capture-state.ts';
import { PUBLICATION_ALTERED } from '../support/publication-altered.ts';
import { SqlClient } from '../support/sql-client.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { WatchedSchema } from './watched-schema.ts';

const SCHEMA = `
  CREATE TABLE users (id int PRIMARY KEY, name text);
  CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
  INSERT INTO users SELECT i, 'name' FROM generate_series(1, 3) i;
  CREATE MATERIALIZED VIEW top AS SELECT * FROM users;
  CREATE UNIQUE INDEX ON top (id);
  CREATE PUBLICATION public_publication FOR TABLE users, parts;`;

async function watchSchema(context: TestContext): Promise<WatchedSchema> {
  await context.sql.rows(SCHEMA);
  await WatchedSchema.install(context.sql);
  return new WatchedSchema(context.sql, 'public');
}

async function stateOf(sql: SqlClient): Promise<DdlCaptureState> {
  return readDdlCapture((text, values) => sql.rows(text, values));
}

/** A connection as a role that may create tables of its own, and nothing else. */
async function connectAsLowly(context: TestContext): Promise<SqlClient> {
  const role = `${context.database}_lowly`;
  await context.sql.rows(
    `CREATE ROLE ${role} LOGIN PASSWORD 'lowly'; GRANT CREATE ON SCHEMA public TO ${role}`,
  );
  context.use({
    [Symbol.asyncDispose]: async () => {
      await context.sql.rows(
        `REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`,
      );
    },
  });
  const url = new URL(context.databaseUrl);
  url.username = role;
  url.password = 'lowly';
  return context.use(await SqlClient.open(url.href));
}

/** The warnings that a connection is sent from now on. */
async function warningsOf(sql: SqlClient): Promise<readonly string[]> {
  const warnings: string[] = [];
  (await sql.driver()).on('notice', ({ severity, message }) => {
    if (severity === 'WARNING') warnings.push(message ?? '');
  });
  return warnings;
}

describe('the event triggers', () => {
  test('are installed, upgraded and taken away, each as often as one likes', async () => {
    await using context = await TestContext.open();
    const { sql } = context;
    expect(await stateOf(sql)).toBe('absent');
    await sql.rows(INSTALL_DDL_CAPTURE_SQL);
    expect(await stateOf(sql)).toBe('current');
    await sql.rows('ALTER EVENT TRIGGER freshet_ddl_drop DISABLE');
    expect(await stateOf(sql)).toBe('outdated');
    await sql.rows(INSTALL_DDL_CAPTURE_SQL);
    expect(await stateOf(sql)).toBe('current');
    await sql.rows(`COMMENT ON FUNCTION freshet.report_ddl() IS 'of an older version'`);
    expect(await stateOf(sql)).toBe('outdated');
    await sql.rows(INSTALL_DDL_CAPTURE_SQL);
    await sql.rows('CREATE TABLE freshet.mine (id int)');
    await sql.rows(UNINSTALL_DDL_CAPTURE_SQL);
    expect(await stateOf(sql)).toBe('absent');
    await sql.rows('DROP TABLE freshet.mine');
    await sql.rows(UNINSTALL_DDL_CAPTURE_SQL);
    await sql.rows(UNINSTALL_DDL_CAPTURE_SQL);
    expect(await sql.rows(`SELECT FROM pg_namespace WHERE nspname = 'freshet'`)).toEqual([]);
  });

  test('need a superuser, and a refusal leaves nothing behind', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`GRANT CREATE ON DATABASE ${context.database} TO PUBLIC`);
    const lowly = await connectAsLowly(context);
    await expect(lowly.rows(INSTALL_DDL_CAPTURE_SQL)).rejects.toMatchObject({ code: '42501' });
    expect(await stateOf(context.sql)).toBe('absent');
    expect(await context.sql.rows(`SELECT FROM pg_namespace WHERE nspname = 'freshet'`)).toEqual([]);
  });

  test('hear a role that has no privilege on their schema', async () => {
    await using context = await TestContext.open();
    const watched = await watchSchema(context);
    const lowly = await connectAsLowly(context);
    const warnings = await warningsOf(lowly);
    await context.sql.rows(`ALTER TABLE users OWNER TO ${context.database}_lowly`);
    const { byEvent } = await watched.runAs(lowly, 'ALTER TABLE users ADD score int DEFAULT 7');
    expect({ byEvent, warnings }).toEqual({ byEvent: ['users'], warnings: [] });
  });

  test('never break a migration, whatever goes wrong in them', async () => {
    await using context = await TestContext.open();
    const watched = await watchSchema(context);
    const { sql } = context;
    const [signature] = await sql.rows<{ name: string }>(
      `SELECT oid::regprocedure::text AS name FROM pg_proc
        WHERE proname = 'pg_logical_emit_message' AND proargtypes[2] = 'text'::regtype`,
    );
    await connectAsLowly(context);
    await sql.rows(`REVOKE EXECUTE ON FUNCTION ${signature?.name} FROM PUBLIC;
      ALTER FUNCTION freshet.report_ddl() OWNER TO ${context.database}_lowly`);
    const warnings = await warningsOf(sql);
    const { messages, byEvent, byPoll } = await watched.run(
      'BEGIN',
      'ALTER TABLE users ADD score int DEFAULT 7',
      'DROP TABLE parts',
      'COMMIT',
    );
    expect(messages).toEqual([]);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^freshet was not told of this ALTER TABLE: permission denied .* \(42501\)$/);
    // The other net has caught it.
    expect({ byEvent, byPoll }).toEqual({ byEvent: [], byPoll: ['parts', 'users'] });
  });

  test('hear sessions whose ordinary triggers are off', async () => {
    await using context = await TestContext.open();
    const watched = await watchSchema(context);
    const { byEvent } = await watched.run(
      'SET session_replication_role = replica',
      'ALTER TABLE users ADD score int DEFAULT 7',
      'RESET session_replication_role',
    );
    expect(byEvent).toEqual(['users']);
  });

  test('say nothing that a later one of the same transaction has taken back', async () => {
    await using context = await TestContext.open();
    const watched = await watchSchema(context);
    const { messages } = await watched.run(
      'BEGIN',
      'ALTER TABLE users ADD a int',
      'SAVEPOINT s',
      'ALTER TABLE users ADD b int',
      'ROLLBACK TO s',
      `SELECT pg_logical_emit_message(true, 'freshet.purge', '{"table": "public.users"}')`,
      'COMMIT',
    );
    expect(messages).toMatchObject([
      { kind: 'ddl', event: { tag: 'ALTER TABLE' } },
      { kind: 'purge', order: { kind: 'table', table: { schema: 'public', name: 'users' } } },
    ]);
  });

  test('report a concurrent refresh at once, and the catalog shows it when the statistics come', async () => {
    await using context = await TestContext.open();
    const watched = await watchSchema(context);
    // The statistics of the first filling come on their own time.
    const written = `SELECT pg_stat_get_tuples_inserted('top'::regclass)::int`;
    await waitFor(async () => (await context.sql.value(written)) === 3, {
      what: 'the statistics of the first filling',
      deadlineMs: 20_000,
    });
    await context.sql.rows(`UPDATE users SET name = 'other' WHERE id = 1`);
    const { byEvent } = await watched.run('REFRESH MATERIALIZED VIEW CONCURRENTLY top');
    expect(byEvent).toEqual(['top']);
    const seen = await waitFor(
      async () => {
        const { changes, byPoll } = await watched.seen();
        return changes.length > 0 && { changes, byPoll };
      },
      { what: 'the refresh to show', deadlineMs: 20_000 },
    );
    expect(seen).toEqual({ changes: ['refreshed'], byPoll: ['top'] });
  });
});

describe('the look at the catalog', () => {
  test('needs no privilege and waits for no lock', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(SCHEMA);
    const lowly = await connectAsLowly(context);
    const watched = new WatchedSchema(lowly, 'public');
    await watched.remember();
    await context.sql.rows(`BEGIN; ALTER TABLE users ADD score int DEFAULT 7; LOCK parts_1;
      CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
      ALTER PUBLICATION public_publication DROP TABLE users`);
    await lowly.rows(`SET statement_timeout = '5s'`);
    expect(await watched.seen()).toEqual({ changes: [], alarms: [], byPoll: [] });
    await context.sql.rows('COMMIT; BEGIN; LOCK parts_2');
    // Nobody can say now whether the new partition is empty, so it may have brought rows.
    expect(await watched.seen()).toMatchObject({ changes: ['partition-added', 'columns', 'unpublished'] });
    await context.sql.rows('COMMIT');
  });

  test('finds what happened while nobody looked, from what was written down', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(SCHEMA);
    const watched = new WatchedSchema(context.sql, 'public');
    await watched.remember();
    expect(await watched.seen()).toEqual({ changes: [], alarms: [], byPoll: [] });
    await context.sql.rows('DROP TABLE parts_1');
    expect(await watched.seen()).toEqual({ changes: ['partition-removed'], alarms: [], byPoll: ['parts'] });
  });

  test('purges a table that came into the publication, and again when what it missed is visible', async () => {
    await using context = await TestContext.open();
    const { sql } = context;
    await sql.rows(`${SCHEMA} ALTER PUBLICATION public_publication DROP TABLE users`);
    const watched = new WatchedSchema(sql, 'public');
    await watched.remember();
    const purged: Rule[] = [];
    const watch = await watched.start(purged);
    watch.run(context.signal).catch(() => {});
    // The stream is not behind.
    watch.reached(toLsn(1n << 62n));
    const lookAgain = async () => {
      watch.heard(PUBLICATION_ALTERED, 1);
      await setImmediate();
      // On the same connection: answered after the look.
      await sql.rows('SELECT 1');
    };

    const writer = await context.connect();
    await writer.rows(`BEGIN; UPDATE users SET name = 'unseen'`);
    await sql.rows('ALTER PUBLICATION public_publication ADD TABLE users');
    await lookAgain();
    await lookAgain();
    expect(purged.map(({ name }) => name)).toEqual(['users']);
    await writer.rows('COMMIT');
    await waitFor(
      async () => {
        await lookAgain();
        return purged.length > 1;
      },
      { what: 'the second purge' },
    );
    expect(purged.map(({ name }) => name)).toEqual(['users', 'users']);
    expect(await sql.value('SELECT name FROM users WHERE id = 1')).toBe('unseen');
  });
});
