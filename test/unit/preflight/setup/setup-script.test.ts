import { describe, expect, test } from 'vitest';
import { planSetup } from '../../../../src/preflight/setup/plan-setup.ts';
import { blindSetupScript, setupScript } from '../../../../src/preflight/setup/setup-script.ts';
import { PUBLICATION, published, relation, rule, ruled, SERVER, SLOT, WANTED } from '../facts.ts';

const POSTS = ruled([rule(['post:${id}'])]);
const NOTHING = {
  server: SERVER,
  slot: undefined,
  publication: undefined,
  tables: [POSTS],
  allNames: [],
  ddlCapture: 'absent',
} as const;
const URL_WANTED = { ...WANTED, url: 'postgres://freshet:secret@db/shop' };

describe('planSetup', () => {
  test('makes the publication before the slot', () => {
    expect(planSetup(NOTHING, WANTED).map(({ kind }) => kind)).toEqual(['create-publication', 'create-slot']);
  });

  test('adds only what is missing, the root of a partitioned table', () => {
    const tables = [{ ...POSTS, relation: relation({ kind: 'p' }), leaves: [relation({ name: 'posts_1' })] }];
    expect(planSetup({ publication: PUBLICATION, slot: SLOT, tables }, WANTED)).toEqual([
      { kind: 'add-tables', sql: 'ALTER PUBLICATION freshet ADD TABLE public.posts;' },
    ]);
  });

  test('has nothing to do where all is there', () => {
    const publication = { ...PUBLICATION, tables: [published('posts')] };
    expect(planSetup({ publication, slot: SLOT, tables: [POSTS] }, WANTED)).toEqual([]);
  });
});

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

  test('assumes that nothing exists where there is no server to ask', () => {
    const script = blindSetupScript([...POSTS.rules, ...POSTS.rules], WANTED);
    expect(script).toContain('CREATE PUBLICATION freshet FOR TABLE public.posts\n');
    expect(script).toContain("SELECT pg_create_logical_replication_slot('freshet', 'pgoutput');");
  });
});
