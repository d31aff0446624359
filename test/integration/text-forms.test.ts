import { expect, test } from 'vitest';
import { SqlClient } from '../support/sql-client.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';

const COLUMNS = {
  date: ['date', '2026-01-31'],
  stamp: ['timestamp', '2026-12-24 18:30:00.25'],
  moment: ['timestamptz', '2026-07-01 12:00:00+02'],
  span: ['interval', '1 year 2 mons 3 days 04:05:06.7'],
  bytes: ['bytea', '\\x00ff5c'],
  double: ['float8', '0.30000000000000004'],
  single: ['float4', '0.1234567'],
  price: ['numeric(10,2)', '9.50'],
  token: ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  flag: ['bool', 'true'],
  huge: ['int8', '9007199254740993'],
  code: ['char(5)', 'ab'],
  mood: ['mood', 'so so'],
  tags: ['text[]', '{a,"b c"}'],
} as const;

/** What an application that reads with Freshet's settings sees, and must put into its keys. */
const EXPECTED: Readonly<Record<keyof typeof COLUMNS, string>> = {
  date: '2026-01-31',
  stamp: '2026-12-24 18:30:00.25',
  moment: '2026-07-01 10:00:00+00',
  span: '1 year 2 mons 3 days 04:05:06.7',
  bytes: '\\x00ff5c',
  double: '0.30000000000000004',
  single: '0.1234567',
  price: '9.50',
  token: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  flag: 't',
  huge: '9007199254740993',
  code: 'ab   ',
  mood: 'so so',
  tags: '{a,"b c"}',
};

/** Each would change the text of some value above. */
const FOREIGN_SETTINGS = {
  DateStyle: 'German, DMY',
  TimeZone: 'Asia/Kolkata',
  IntervalStyle: 'iso_8601',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  client_encoding: 'LATIN1',
} as const;

test.each(['ROLE', 'DATABASE'])('settings of the %s do not change the text in keys', async (owner) => {
  await using context = await TestContext.open();
  const role = `${context.database}_role`;
  const columns = Object.entries(COLUMNS);
  await context.sql.rows(`
    CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'secret';
    CREATE TYPE mood AS ENUM ('so so', 'good');
    CREATE TABLE forms (id int PRIMARY KEY, ${columns.map(([name, [type]]) => `${name} ${type}`).join(', ')});
    ALTER TABLE forms REPLICA IDENTITY FULL;
    CREATE PUBLICATION ${context.publication} FOR TABLE forms;`);
  await context.sql.rows(`SELECT pg_create_logical_replication_slot('${context.slot}', 'pgoutput')`);
  try {
    const subject = owner === 'ROLE' ? role : context.database;
    for (const [name, value] of Object.entries(FOREIGN_SETTINGS)) {
      await context.sql.rows(`ALTER ${owner} ${subject} SET ${name} = '${value}'`);
    }
    const url = new URL(context.databaseUrl);
    url.username = role;
    url.password = 'secret';
    const foreign = await foreignText(url.href);
    expect(foreign, 'the settings are in force').toEqual([
      '01.07.2026 15:30:00 IST',
      'P1Y2M3DT4H5M6.7S',
      '0.3',
    ]);

    const names = Object.keys(COLUMNS);
    await context.startDaemon({
      postgresUrl: url.href,
      rules: ruleText(context.keyPrefix, [
        { name: 'form', table: 'public.forms', keys: names.map((name) => `${name}:\${${name}}`) },
      ]),
      settings: { 'postgres.createMissing': false },
    });
    const expected = Object.entries(EXPECTED).map(([name, text]) => `${name}:${text}`);
    await context.fill(...expected, 'date:31.01.2026', 'flag:true', 'untouched:1');
    await context.sql.rows(
      `INSERT INTO forms VALUES (1, ${columns.map(([, [type]], i) => `$${i + 1}::text::${type}`).join(', ')})`,
      columns.map(([, [, value]]) => value),
    );
    await waitUntilSettled(context);
    expect(await context.keys()).toEqual(['date:31.01.2026', 'flag:true', 'untouched:1']);
  } finally {
    await context.admin.rows(`DROP ROLE ${role}`);
  }
});

async function foreignText(url: string): Promise<readonly string[]> {
  await using sql = await SqlClient.open(url);
  const [row] = await sql.rows<Record<string, string>>(
    `SELECT '2026-07-01 12:00:00+02'::timestamptz::text AS a, '1 year 2 mons 3 days 04:05:06.7'::interval::text AS b,
            0.30000000000000004::float8::text AS c`,
  );
  return Object.values(row ?? {});
}
