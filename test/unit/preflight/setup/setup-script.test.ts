import { describe, expect, test } from 'vitest';
import { blindSetupScript, setupScript } from '../../../../src/preflight/setup/setup-script.ts';
import { PUBLICATION, published, rule, ruled, SERVER, untouched, WANTED } from '../facts.ts';

const POSTS = ruled([rule(['post:${id}'])]);
const NOTHING = untouched(POSTS);
const URL_WANTED = { ...WANTED, url: 'postgres://freshet:secret@db/shop' };

describe('setupScript', () => {
  test('mends the identity before it publishes the table', () => {
    const tables = [ruled([rule(['post:${tenant}'])])];
    const script = setupScript({ ...NOTHING, tables }, URL_WANTED);
    const statements = script.split('\n').filter((line) => /^[A-Z]/.test(line));
    expect(statements.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'CREATE UNIQUE',
      'ALTER TABLE',
      'CREATE PUBLICATION',
      "SELECT pg_create_logical_replication_slot('freshet',",
    ]);
  });

  test('holds no password and leaves server settings to whoever decides', () => {
    const script = setupScript({ ...NOTHING, server: { ...SERVER, walLevel: 'replica' } }, URL_WANTED);
    expect(script).not.toContain('secret');
    expect(script).toContain("\n-- ALTER SYSTEM SET wal_level = 'logical';");
  });

  test('publishes nothing whose writes would fail, where the identity is a decision', () => {
    const keyless = { identityColumns: null, uniqueIndexes: [] };
    const publication = { ...PUBLICATION, updates: false, tables: [published('posts')] };
    const statements = (facts: Parameters<typeof setupScript>[0]) =>
      setupScript(facts, URL_WANTED).match(/^[A-Z].*/gm);
    const tables = [ruled([rule(['post:${id}'])], keyless)];
    expect(setupScript({ ...NOTHING, tables }, URL_WANTED)).toMatch(
      /^-- ALTER TABLE public\.posts REPLICA IDENTITY FULL;$[^]*^-- Not before the replica identity of public\.posts is mended[^]*^-- CREATE PUBLICATION/m,
    );
    expect(statements({ ...NOTHING, tables })).toBeNull();
    expect(statements({ ...NOTHING, publication, tables })).toBeNull();
    expect(statements({ ...NOTHING, publication })).toHaveLength(2);
  });

  test('names the queries of rules, which need SELECT', () => {
    const query = 'SELECT *\n  FROM posts WHERE id = ${id}';
    const action = `refresh: ${JSON.stringify({ query, ttl: '1h' })}`;
    const rules = [rule(['a:${id}', 'b:${id}'], undefined, 'fresh', action)];
    expect(blindSetupScript(rules, WANTED)).toContain(
      '\n--   rule fresh: SELECT * FROM posts WHERE id = ${id}\n',
    );
    expect(blindSetupScript(POSTS.rules, WANTED)).toContain('and no privilege on the tables:');
    for (const script of [
      blindSetupScript(rules, WANTED),
      setupScript({ ...NOTHING, tables: [ruled(rules)] }, URL_WANTED),
    ])
      expect(script).toMatch(/and, of the tables, SELECT on what the queries of rules read/);
  });

  test('assumes that nothing exists where there is no server to ask', () => {
    const script = blindSetupScript([...POSTS.rules, ...POSTS.rules], WANTED);
    expect(script).toContain('CREATE PUBLICATION freshet FOR TABLE public.posts\n');
    expect(script).toContain("SELECT pg_create_logical_replication_slot('freshet', 'pgoutput');");
  });
});
