import { describe, expect, test } from 'vitest';
import { ActivationBarrier } from '../../src/migrations/activation-barrier.ts';
import { INSTALL_DDL_CAPTURE_SQL, UNINSTALL_DDL_CAPTURE_SQL } from '../../src/migrations/ddl-capture-sql.ts';
import { type DdlCaptureState, readDdlCapture } from '../../src/migrations/ddl-capture-state.ts';
import { decodeFingerprint, encodeFingerprint } from '../../src/migrations/encode-fingerprint.ts';
import { parseSnapshot } from '../../src/pipeline/ready/snapshot.ts';
import { SqlClient } from '../support/sql-client.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { MigrationWatch } from './migration-watch.ts';

const SCHEMA = `
  CREATE TABLE users (id int PRIMARY KEY, name text);
  CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
  INSERT INTO users SELECT i, 'name' FROM generate_series(1, 3) i;
  CREATE MATERIALIZED VIEW top AS SELECT * FROM users;
  CREATE UNIQUE INDEX ON top (id);
  CREATE PUBLICATION public_publication FOR TABLE users, parts;`;

async function openWatch(context: TestContext): Promise<MigrationWatch> {
  await context.sql.rows(SCHEMA);
  await MigrationWatch.install(context.sql);
  return new MigrationWatch(context.sql, 'public');
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
    const watch = await openWatch(context);
    const lowly = await connectAsLowly(context);
    const warnings = await warningsOf(lowly);
    await context.sql.rows(`ALTER TABLE users OWNER TO ${context.database}_lowly`);
    const { byEvent } = await watch.runAs(lowly, 'ALTER TABLE users ADD score int DEFAULT 7');
    expect({ byEvent, warnings }).toEqual({ byEvent: ['users'], warnings: [] });
  });

  test('never break a migration, whatever goes wrong in them', async () => {
    await using context = await TestContext.open();
    const watch = await openWatch(context);
    const { sql } = context;
    const [signature] = await sql.rows<{ name: string }>(
      `SELECT oid::regprocedure::text AS name FROM pg_proc
        WHERE proname = 'pg_logical_emit_message' AND proargtypes[2] = 'text'::regtype`,
    );
    await connectAsLowly(context);
    await sql.rows(`REVOKE EXECUTE ON FUNCTION ${signature?.name} FROM PUBLIC;
      ALTER FUNCTION freshet.report_ddl() OWNER TO ${context.database}_lowly`);
    const warnings = await warningsOf(sql);
    const { messages, byEvent, byPoll } = await watch.run(
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
    const watch = await openWatch(context);
    const { byEvent } = await watch.run(
      'SET session_replication_role = replica',
      'ALTER TABLE users ADD score int DEFAULT 7',
      'RESET session_replication_role',
    );
    expect(byEvent).toEqual(['users']);
  });

  test('say nothing that a later one of the same transaction has taken back', async () => {
    await using context = await TestContext.open();
    const watch = await openWatch(context);
    const { messages } = await watch.run(
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
    const watch = await openWatch(context);
    // The statistics of the first filling come on their own time.
    await waitFor(async () => (await watch.look()).fingerprint.tables[1]?.members[0]?.writes === '3/0/0', {
      what: 'the statistics of the first filling',
      deadlineMs: 20_000,
    });
    await context.sql.rows(`UPDATE users SET name = 'other' WHERE id = 1`);
    const before = await watch.look();
    const { byEvent } = await watch.run('REFRESH MATERIALIZED VIEW CONCURRENTLY top');
    expect(byEvent).toEqual(['top']);
    const [change] = await waitFor(
      async () => {
        const changes = await watch.changesSince(before);
        return changes.length > 0 && changes;
      },
      { what: 'the refresh to show', deadlineMs: 20_000 },
    );
    expect(change).toMatchObject({
      kind: 'refreshed',
      table: { schema: 'public', name: 'top' },
      purge: 'once',
    });
  });
});

describe('the look at the catalog', () => {
  test('needs no privilege and waits for no lock', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(SCHEMA);
    const lowly = await connectAsLowly(context);
    const watch = new MigrationWatch(lowly, 'public');
    const before = await watch.look();
    await context.sql.rows(`BEGIN; ALTER TABLE users ADD score int DEFAULT 7; LOCK parts_1;
      CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
      ALTER PUBLICATION public_publication DROP TABLE users`);
    await lowly.rows(`SET statement_timeout = '5s'`);
    expect(await watch.changesSince(before)).toEqual([]);
    await context.sql.rows('COMMIT; BEGIN; LOCK parts_2');
    // Nobody can say now whether the new partition is empty, so it may have brought rows.
    const kinds = (await watch.changesSince(before)).map(({ kind }) => kind);
    expect(kinds).toEqual(['partition-added', 'columns', 'unpublished']);
    await context.sql.rows('COMMIT');
  });

  test('finds what happened while nobody looked, from what was written down', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(SCHEMA);
    const watch = new MigrationWatch(context.sql, 'public');
    const before = await watch.look();
    const kept = decodeFingerprint(encodeFingerprint(before));
    expect(kept).toEqual({ fingerprint: before.fingerprint, lsn: before.lsn });
    expect(await watch.changesSince({ ...before, ...kept })).toEqual([]);
    await context.sql.rows('DROP TABLE parts_1');
    expect(await watch.changesSince({ ...before, ...kept })).toMatchObject([{ kind: 'partition-removed' }]);
  });

  test('tells when the rows are visible that a table brought into the publication', async () => {
    await using context = await TestContext.open();
    await context.sql.rows(`${SCHEMA} ALTER PUBLICATION public_publication DROP TABLE users`);
    const watch = new MigrationWatch(context.sql, 'public');
    const before = await watch.look();
    const writer = await context.connect();
    await writer.rows(`BEGIN; UPDATE users SET name = 'unseen'`);
    await context.sql.rows('ALTER PUBLICATION public_publication ADD TABLE users');
    const { snapshot } = await watch.look(before);
    const [change] = await watch.changesSince(before);
    expect(change).toMatchObject({ kind: 'published', purge: 'again' });

    const barrier = new ActivationBarrier<string>();
    barrier.raise('users', parseSnapshot(snapshot));
    const passed = async () => barrier.passed(parseSnapshot((await watch.look()).snapshot));
    expect(await passed()).toEqual([]);
    await writer.rows('COMMIT');
    const due = await waitFor(
      async () => {
        const what = await passed();
        return what.length > 0 && what;
      },
      { what: 'the barrier to be passed' },
    );
    expect(due).toEqual(['users']);
    expect(await context.sql.value('SELECT name FROM users WHERE id = 1')).toBe('unseen');
  });
});
