import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FingerprintChangeKind } from '../../src/migrations/fingerprint-change.ts';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { POSTGRES_MAJORS } from '../support/postgres/postgres-binaries.ts';
import type { SqlClient } from '../support/sql-client.ts';
import { WatchedSchema } from './watched-schema.ts';

/**
 * The catalogue of what changes values, or rows, without a row event: what each of the two nets says about it. Rules
 * name `users`, the partitioned `parts` and the materialized view `top`; rules of `users` read its `id`.
 */
interface Case {
  readonly title: string;
  /** Statements before anyone looks. */
  readonly given?: readonly string[];
  readonly sql: readonly string[];
  /** Tables purged because of the event triggers; the same as by the poll unless it says otherwise. */
  readonly byEvent?: readonly string[];
  /** Kinds of change that the poll names. */
  readonly changes: readonly FingerprintChangeKind[];
  /** Tables purged because of the poll. */
  readonly byPoll: readonly string[];
  /** Codes of the alarms among the changes. */
  readonly alarms?: readonly string[];
  readonly majors?: readonly number[];
}

/** `top` has no rows: the statistics of its first filling would arrive at any time. */
const SCHEMA = `
  CREATE TYPE mood AS ENUM ('sad', 'glad');
  CREATE TYPE address AS (street text, town text);
  CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, price int, mood mood, home address);
  CREATE TABLE parts (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
  CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
  CREATE TABLE other (id int PRIMARY KEY, name text);
  INSERT INTO users VALUES (1, 'ann', 5, 'sad', NULL), (2, 'bob', 6, 'glad', NULL);
  INSERT INTO parts VALUES (1, 1), (11, 2);
  INSERT INTO other VALUES (1, 'x');
  CREATE MATERIALIZED VIEW top AS SELECT id, price FROM users WHERE price > 100;
  CREATE UNIQUE INDEX top_id ON top (id);`;

const USERS = ['users'];
const PARTS = ['parts'];
const ALL = ['parts', 'top', 'users'];
const NOBODY = { byEvent: [], changes: [], byPoll: [] };

const VALUES: readonly Case[] = [
  {
    title: 'ALTER TYPE USING',
    sql: ['ALTER TABLE users ALTER price TYPE text USING price + 1'],
    given: ['DROP MATERIALIZED VIEW top'],
    changes: ['columns'],
    byPoll: USERS,
  },
  {
    title: 'ALTER TYPE USING to the same type',
    sql: ['ALTER TABLE users ALTER price TYPE int USING price + 1'],
    given: ['DROP MATERIALIZED VIEW top'],
    changes: ['rewritten'],
    byPoll: USERS,
  },
  {
    title: 'ADD COLUMN DEFAULT',
    sql: ['ALTER TABLE users ADD score int DEFAULT 7'],
    changes: ['columns'],
    byPoll: USERS,
  },
  {
    title: 'ADD COLUMN with a volatile default',
    sql: ['ALTER TABLE users ADD score float DEFAULT random()'],
    changes: ['columns'],
    byPoll: USERS,
  },
  { title: 'ADD COLUMN', sql: ['ALTER TABLE users ADD note text'], changes: ['columns'], byPoll: USERS },
  { title: 'DROP COLUMN', sql: ['ALTER TABLE users DROP name'], changes: ['columns'], byPoll: USERS },
  {
    title: 'DROP COLUMN that a rule reads',
    sql: ['ALTER TABLE users DROP id CASCADE'],
    given: ['ALTER TABLE users REPLICA IDENTITY FULL', 'DROP MATERIALIZED VIEW top'],
    changes: ['columns', 'columns'],
    byPoll: USERS,
    alarms: ['COLUMN_MISSING'],
  },
  {
    title: 'a column dropped by DROP TYPE CASCADE',
    sql: ['DROP TYPE mood CASCADE'],
    changes: ['columns', 'types'],
    byPoll: USERS,
  },
  {
    title: 'a generated column added',
    sql: ['ALTER TABLE users ADD twice int GENERATED ALWAYS AS (price * 2) STORED'],
    changes: ['columns'],
    byPoll: USERS,
  },
  {
    title: 'a virtual generated column added',
    sql: ['ALTER TABLE users ADD twice int GENERATED ALWAYS AS (price * 2) VIRTUAL'],
    changes: ['columns'],
    byPoll: USERS,
    majors: [18],
  },
  {
    title: 'SET EXPRESSION of a generated column',
    given: ['ALTER TABLE users ADD twice int GENERATED ALWAYS AS (price * 2) STORED'],
    sql: ['ALTER TABLE users ALTER twice SET EXPRESSION AS (price * 3)'],
    changes: ['columns'],
    byPoll: USERS,
    majors: [17, 18],
  },
  {
    title: 'a label of an enum renamed',
    sql: [`ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'`],
    changes: ['types'],
    byPoll: USERS,
  },
  {
    title: 'an attribute of a composite type added',
    sql: ['ALTER TYPE address ADD ATTRIBUTE zip text'],
    changes: ['types'],
    byPoll: USERS,
  },
  {
    title: 'SET UNLOGGED',
    sql: ['ALTER PUBLICATION SCHEMA_publication DROP TABLE users', 'ALTER TABLE users SET UNLOGGED'],
    changes: ['persistence', 'unpublished'],
    byPoll: USERS,
    alarms: ['TABLE_UNLOGGED', 'PUBLICATION_LACKS_TABLE'],
  },
  {
    title: 'SET LOGGED',
    given: ['ALTER PUBLICATION SCHEMA_publication DROP TABLE users', 'ALTER TABLE users SET UNLOGGED'],
    sql: ['ALTER TABLE users SET LOGGED'],
    changes: ['persistence'],
    byPoll: USERS,
  },
  {
    title: 'REFRESH MATERIALIZED VIEW',
    sql: ['REFRESH MATERIALIZED VIEW top'],
    changes: ['refreshed'],
    byPoll: ['top'],
  },
];

const NAMES: readonly Case[] = [
  {
    title: 'RENAME COLUMN',
    sql: ['ALTER TABLE users RENAME name TO nick'],
    changes: ['columns'],
    byPoll: USERS,
  },
  {
    title: 'RENAME COLUMN that a rule reads',
    sql: ['ALTER TABLE users RENAME id TO user_id'],
    changes: ['columns', 'columns'],
    byPoll: USERS,
    alarms: ['COLUMN_MISSING'],
  },
  {
    title: 'RENAME TABLE',
    sql: ['ALTER TABLE users RENAME TO people'],
    changes: ['table-missing'],
    byPoll: USERS,
    alarms: ['TABLE_MISSING'],
  },
  {
    title: 'SET SCHEMA',
    sql: ['CREATE SCHEMA SCHEMA_away', 'ALTER TABLE users SET SCHEMA SCHEMA_away'],
    changes: ['table-missing'],
    byPoll: USERS,
    alarms: ['TABLE_MISSING'],
  },
  {
    title: 'ALTER SCHEMA RENAME',
    sql: ['ALTER SCHEMA SCHEMA RENAME TO SCHEMA_old'],
    changes: ['table-missing', 'table-missing', 'table-missing'],
    byPoll: ALL,
    alarms: ['TABLE_MISSING', 'TABLE_MISSING', 'TABLE_MISSING'],
  },
  {
    title: 'a table swap',
    sql: [
      'BEGIN',
      'ALTER TABLE users RENAME TO users_old',
      'ALTER TABLE other RENAME TO users',
      'ALTER PUBLICATION SCHEMA_publication ADD TABLE users',
      'COMMIT',
      'DROP TABLE users_old CASCADE',
    ],
    given: ['DROP MATERIALIZED VIEW top'],
    changes: ['table-replaced'],
    byPoll: USERS,
  },
  {
    title: 'a table swapped for one outside the publication',
    sql: ['ALTER TABLE users RENAME TO users_old; ALTER TABLE other RENAME TO users'],
    changes: ['table-replaced', 'unpublished'],
    byPoll: USERS,
    alarms: ['PUBLICATION_LACKS_TABLE'],
  },
  {
    title: 'DROP TABLE',
    sql: ['DROP TABLE users CASCADE'],
    changes: ['table-missing', 'table-missing'],
    byPoll: ['top', 'users'],
    alarms: ['TABLE_MISSING', 'TABLE_MISSING'],
  },
  {
    title: 'DROP SCHEMA CASCADE',
    sql: ['DROP SCHEMA SCHEMA CASCADE'],
    changes: ['table-missing', 'table-missing', 'table-missing'],
    byPoll: ALL,
    alarms: ['TABLE_MISSING', 'TABLE_MISSING', 'TABLE_MISSING'],
  },
  {
    title: 'CREATE TABLE AS after DROP, under the same name',
    given: ['DROP MATERIALIZED VIEW top'],
    sql: [
      'BEGIN',
      'CREATE TABLE copy AS SELECT * FROM users',
      'DROP TABLE users',
      'ALTER TABLE copy RENAME TO users',
      'COMMIT',
    ],
    changes: ['table-replaced', 'identity-weakened', 'unpublished'],
    byPoll: USERS,
    alarms: ['IDENTITY_LACKS_COLUMN', 'PUBLICATION_LACKS_TABLE'],
  },
  {
    title: 'a table that was missing',
    given: ['DROP TABLE users CASCADE'],
    sql: ['CREATE TABLE users (id int PRIMARY KEY)'],
    byEvent: [],
    changes: ['table-appeared', 'unpublished'],
    byPoll: USERS,
    alarms: ['PUBLICATION_LACKS_TABLE'],
  },
];

const PARTITIONS: readonly Case[] = [
  {
    title: 'ATTACH PARTITION with rows',
    given: ['CREATE TABLE parts_3 (id int PRIMARY KEY, v int)', 'INSERT INTO parts_3 VALUES (21, 1)'],
    sql: ['ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES FROM (20) TO (30)'],
    changes: ['partition-added'],
    byPoll: PARTS,
  },
  {
    title: 'a partition made, filled and attached in one transaction',
    sql: [
      'BEGIN',
      'CREATE TABLE parts_3 (LIKE parts INCLUDING ALL)',
      'INSERT INTO parts_3 VALUES (21, 1)',
      'ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES FROM (20) TO (30)',
      'COMMIT',
    ],
    changes: ['partition-added'],
    byPoll: PARTS,
  },
  {
    title: 'ATTACH PARTITION of an empty one',
    sql: [
      'CREATE TABLE parts_3 (LIKE parts INCLUDING ALL)',
      'ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES FROM (20) TO (30)',
      'ALTER TABLE parts OWNER TO postgres',
    ],
    ...NOBODY,
  },
  {
    title: 'an empty partition attached, filled and detached again',
    sql: [
      'CREATE TABLE parts_3 (LIKE parts INCLUDING ALL)',
      'ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES FROM (20) TO (30)',
      'INSERT INTO parts VALUES (21, 1)',
      'ALTER TABLE parts DETACH PARTITION parts_3',
    ],
    byEvent: PARTS,
    changes: [],
    byPoll: [],
  },
  {
    title: 'an empty partition attached and another detached at once',
    sql: [
      'BEGIN',
      'CREATE TABLE parts_3 (LIKE parts INCLUDING ALL)',
      'ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES FROM (20) TO (30)',
      'ALTER TABLE parts DETACH PARTITION parts_2',
      'COMMIT',
    ],
    changes: ['partition-removed'],
    byPoll: PARTS,
  },
  {
    title: 'CREATE TABLE PARTITION OF',
    sql: ['CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (20) TO (30)'],
    ...NOBODY,
  },
  {
    title: 'a partition that came and went between two looks',
    sql: [
      'CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (20) TO (30)',
      'INSERT INTO parts VALUES (21, 1)',
      'DROP TABLE parts_3',
    ],
    byEvent: PARTS,
    changes: [],
    byPoll: [],
  },
  {
    title: 'DETACH PARTITION',
    sql: ['ALTER TABLE parts DETACH PARTITION parts_2'],
    changes: ['partition-removed'],
    byPoll: PARTS,
  },
  {
    title: 'DETACH PARTITION CONCURRENTLY',
    sql: ['ALTER TABLE parts DETACH PARTITION parts_2 CONCURRENTLY'],
    changes: ['partition-removed'],
    byPoll: PARTS,
  },
  {
    title: 'DROP of a partition',
    sql: ['DROP TABLE parts_2'],
    changes: ['partition-removed'],
    byPoll: PARTS,
  },
  {
    title: 'DROP of a table that was a partition',
    given: ['ALTER TABLE parts DETACH PARTITION parts_2'],
    sql: ['DROP TABLE parts_2'],
    ...NOBODY,
  },
  {
    title: 'ALTER TYPE of a partitioned table',
    sql: ['ALTER TABLE parts ALTER v TYPE bigint'],
    changes: ['columns'],
    byPoll: PARTS,
  },
  {
    title: 'ALTER TYPE of a partitioned table to the same type',
    sql: ['ALTER TABLE parts ALTER v TYPE int USING v + 1'],
    changes: ['rewritten'],
    byPoll: PARTS,
  },
  { title: 'ALTER OWNER of a partition', sql: ['ALTER TABLE parts_1 OWNER TO postgres'], ...NOBODY },
  {
    title: 'a child by inheritance that is disinherited',
    given: [
      'CREATE TABLE heir (extra int) INHERITS (users)',
      `INSERT INTO heir VALUES (3, 'eve')`,
      'ALTER PUBLICATION SCHEMA_publication ADD TABLE heir',
    ],
    sql: ['ALTER TABLE heir NO INHERIT users'],
    changes: ['partition-altered', 'partition-removed'],
    byPoll: USERS,
  },
];

const STREAM: readonly Case[] = [
  {
    title: 'REPLICA IDENTITY NOTHING',
    sql: ['ALTER TABLE users REPLICA IDENTITY NOTHING'],
    byEvent: [],
    changes: ['identity-weakened'],
    byPoll: USERS,
    alarms: ['IDENTITY_UNUSABLE'],
  },
  {
    title: 'REPLICA IDENTITY on another index',
    sql: [
      'CREATE UNIQUE INDEX users_name ON users (name)',
      'ALTER TABLE users REPLICA IDENTITY USING INDEX users_name',
    ],
    byEvent: [],
    changes: ['identity-weakened'],
    byPoll: USERS,
    alarms: ['IDENTITY_LACKS_COLUMN'],
  },
  { title: 'REPLICA IDENTITY FULL', sql: ['ALTER TABLE users REPLICA IDENTITY FULL'], ...NOBODY },
  {
    title: 'the primary key dropped',
    given: ['DROP MATERIALIZED VIEW top'],
    sql: ['ALTER TABLE users DROP CONSTRAINT users_pkey'],
    byEvent: [],
    changes: ['identity-weakened'],
    byPoll: USERS,
    alarms: ['IDENTITY_UNUSABLE'],
  },
  {
    title: 'the index of the replica identity dropped',
    given: [
      'CREATE UNIQUE INDEX users_ri ON users (id, name)',
      'ALTER TABLE users REPLICA IDENTITY USING INDEX users_ri',
    ],
    sql: ['DROP INDEX users_ri'],
    byEvent: [],
    changes: ['identity-weakened'],
    byPoll: USERS,
    alarms: ['IDENTITY_UNUSABLE'],
  },
  {
    title: 'a table taken out of the publication',
    sql: ['ALTER PUBLICATION SCHEMA_publication DROP TABLE users'],
    byEvent: [],
    changes: ['unpublished'],
    byPoll: USERS,
    alarms: ['PUBLICATION_LACKS_TABLE'],
  },
  {
    title: 'a table added to the publication',
    given: ['ALTER PUBLICATION SCHEMA_publication DROP TABLE users'],
    sql: ['ALTER PUBLICATION SCHEMA_publication ADD TABLE users'],
    byEvent: [],
    changes: ['published'],
    byPoll: USERS,
  },
  {
    title: 'a table taken out and added again',
    sql: [
      'ALTER PUBLICATION SCHEMA_publication DROP TABLE users',
      'ALTER PUBLICATION SCHEMA_publication ADD TABLE users',
    ],
    byEvent: [],
    changes: ['published'],
    byPoll: USERS,
  },
  {
    title: 'a row filter',
    sql: ['ALTER PUBLICATION SCHEMA_publication SET TABLE users WHERE (id > 1), parts'],
    byEvent: [],
    changes: ['published', 'narrowed'],
    byPoll: USERS,
    alarms: ['PUBLICATION_NARROWED'],
    majors: [17, 18],
  },
  {
    title: 'a column list',
    sql: ['ALTER PUBLICATION SCHEMA_publication SET TABLE users (id), parts'],
    byEvent: [],
    changes: ['published', 'narrowed'],
    byPoll: USERS,
    alarms: ['PUBLICATION_NARROWED'],
    majors: [17, 18],
  },
  {
    title: 'a table moved out of a published schema',
    given: [
      'CREATE SCHEMA SCHEMA_away',
      'DROP PUBLICATION SCHEMA_publication',
      'CREATE PUBLICATION SCHEMA_publication FOR TABLES IN SCHEMA SCHEMA',
    ],
    sql: ['ALTER PUBLICATION SCHEMA_publication SET TABLES IN SCHEMA SCHEMA_away'],
    byEvent: [],
    changes: ['unpublished', 'unpublished'],
    byPoll: ['parts', 'users'],
    alarms: ['PUBLICATION_LACKS_TABLE', 'PUBLICATION_LACKS_TABLE'],
    majors: [17, 18],
  },
  {
    title: 'a kind of change taken out of the publication',
    sql: [`ALTER PUBLICATION SCHEMA_publication SET (publish = 'insert, update')`],
    byEvent: [],
    changes: ['publication-altered'],
    byPoll: ALL,
    alarms: ['PUBLICATION_LACKS_KIND'],
  },
  {
    title: 'a kind of change taken out and put in again',
    sql: [
      `ALTER PUBLICATION SCHEMA_publication SET (publish = 'insert')`,
      `ALTER PUBLICATION SCHEMA_publication SET (publish = 'insert, update, delete, truncate')`,
    ],
    byEvent: [],
    changes: ['publication-altered'],
    byPoll: ALL,
  },
  {
    title: 'publish_via_partition_root',
    sql: ['ALTER PUBLICATION SCHEMA_publication SET (publish_via_partition_root = true)'],
    byEvent: [],
    changes: ['publication-altered'],
    byPoll: ALL,
    alarms: ['PUBLICATION_VIA_ROOT'],
  },
  {
    title: 'the publication dropped',
    sql: ['DROP PUBLICATION SCHEMA_publication'],
    byEvent: [],
    changes: ['publication-missing'],
    byPoll: ALL,
    alarms: ['PUBLICATION_MISSING'],
  },
  {
    title: 'the publication created anew',
    sql: [
      'DROP PUBLICATION SCHEMA_publication',
      'CREATE PUBLICATION SCHEMA_publication FOR TABLE users, parts',
    ],
    byEvent: [],
    changes: ['publication-replaced'],
    byPoll: ALL,
  },
];

const HARMLESS: readonly Case[] = [
  'CREATE INDEX ON users (name)',
  `COMMENT ON TABLE users IS 'people'`,
  'ANALYZE users',
  'VACUUM users',
  'VACUUM FULL users',
  'CLUSTER users USING users_pkey',
  'REINDEX TABLE users',
  'ALTER TABLE users OWNER TO postgres',
  'ALTER TABLE users ADD CONSTRAINT positive CHECK (price > 0) NOT VALID',
  'ALTER TABLE users ADD CONSTRAINT named UNIQUE (name)',
  'ALTER TABLE users ALTER price SET DEFAULT 9',
  'ALTER TABLE users ALTER price SET STATISTICS 500',
  'ALTER TABLE users ALTER price SET NOT NULL',
  'ALTER TABLE users ALTER name SET STORAGE EXTERNAL',
  'ALTER TABLE users SET (fillfactor = 70)',
  'ALTER TABLE users DISABLE TRIGGER USER',
  'ALTER TABLE users ENABLE ROW LEVEL SECURITY',
  'GRANT SELECT ON users TO PUBLIC',
  'TRUNCATE users',
  'ALTER TABLE other ADD note text',
  'DROP TABLE other',
  'CREATE TABLE fresh AS SELECT * FROM users',
  'CREATE TEMP TABLE users (id int)',
  'CREATE VIEW seen AS SELECT * FROM users',
]
  .map((statement): Case => ({ title: statement, sql: [statement], ...NOBODY }))
  .concat(
    {
      title: 'VALIDATE CONSTRAINT',
      given: ['ALTER TABLE users ADD CONSTRAINT positive CHECK (price > 0) NOT VALID'],
      sql: ['ALTER TABLE users VALIDATE CONSTRAINT positive'],
      ...NOBODY,
    },
    {
      title: 'a migration that is rolled back',
      sql: [
        'BEGIN',
        'ALTER TABLE users ADD score int DEFAULT 7',
        'DROP TABLE parts',
        'REFRESH MATERIALIZED VIEW top',
        'ROLLBACK',
      ],
      ...NOBODY,
    },
    {
      title: 'a savepoint that is rolled back',
      sql: ['BEGIN', 'SAVEPOINT s', 'ALTER TABLE users ADD score int DEFAULT 7', 'ROLLBACK TO s', 'COMMIT'],
      ...NOBODY,
    },
  );

describe.each(POSTGRES_MAJORS)('on Postgres %i', (major) => {
  let server: LocalPostgres;
  let sql: SqlClient;
  let schemas = 0;

  beforeAll(async () => {
    server = await LocalPostgres.create({ major });
    sql = await server.connect();
    await WatchedSchema.install(sql);
  });
  afterAll(async () => {
    await sql[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  describe.each([
    ['values', VALUES],
    ['names', NAMES],
    ['partitions', PARTITIONS],
    ['the stream itself', STREAM],
    ['what changes nothing', HARMLESS],
  ])('%s:', (_, cases) => {
    test.each(cases.filter(({ majors }) => majors?.includes(major) ?? true))(
      '$title',
      async ({ given = [], sql: statements, byPoll, byEvent = byPoll, changes, alarms = [] }) => {
        const schema = `c${++schemas}`;
        const watched = new WatchedSchema(sql, schema);
        const inSchema = (text: string): string =>
          text.replaceAll('SCHEMA_', `${schema}_`).replaceAll(/(?<=SCHEMA )SCHEMA\b/g, schema);
        await sql.rows(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${SCHEMA}
          CREATE PUBLICATION ${watched.publication} FOR TABLE users, parts`);
        for (const statement of given) await sql.rows(inSchema(statement));

        const { messages, ...noticed } = await watched.run(...statements.map(inSchema));
        await sql.rows('DISCARD TEMP');
        expect(messages.filter(({ kind }) => kind !== 'ddl')).toEqual([]);
        expect(noticed).toEqual({ byEvent, changes, byPoll, alarms });
      },
    );
  });
});
