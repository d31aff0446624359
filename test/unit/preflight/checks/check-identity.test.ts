import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/domain/finding.ts';
import { checkIdentity } from '../../../../src/preflight/checks/check-identity.ts';
import type { RelationFacts } from '../../../../src/preflight/facts/relation-facts.ts';
import { ruleOn } from '../../pipeline/rule-on.ts';
import { column, relation, rule, ruled } from '../facts.ts';

const PRIMARY = { name: 'posts_pkey', primary: true, columns: ['id'] };

function findings(key: string, facts: Partial<RelationFacts> = {}, version = 170_000): readonly Finding[] {
  return checkIdentity([ruled([rule([key])], facts)], { version, published: false });
}

/** The remedy without its comments, which are exactly what is no statement. */
function sql(list: readonly Finding[]): readonly string[] {
  const lines = list.flatMap(({ remedy = '' }) =>
    remedy.split('\n').filter((line) => !line.startsWith('--')),
  );
  expect(list.flatMap(({ statements = [] }) => statements.map((each) => each.sql))).toEqual(lines);
  return lines;
}

describe('checkIdentity', () => {
  test('is content where the identity has every column of every key', () => {
    expect(findings('post:${id}')).toEqual([]);
    expect(findings('posts')).toEqual([]);
    expect(
      findings('post:${tenant}', { identity: 'full', identityColumns: ['id', 'tenant', 'slug'] }),
    ).toEqual([]);
  });

  test('wants the old member of a sorted set too, and not the score', () => {
    const sortedSet = { member: '${slug}', score: 'tenant', ttl: '1h' };
    const board = ruleOn('public.posts', ['board:${id}'], { sortedSet });
    const list = checkIdentity([ruled([board])], { version: 170_000, published: false });
    expect(list).toMatchObject([{ code: 'IDENTITY_LACKS_COLUMN' }]);
    expect(sql(list)[0]).toMatch(/\(id, slug\);$/);
  });

  test('names the rules that need the column, and where', () => {
    const other = rule(['list:${tenant}'], 'insert, update, delete', 'list');
    const rules = [rule(['post:${id}']), rule(['post:${slug}:${tenant}']), other];
    const [finding] = checkIdentity([ruled(rules)], { version: 170_000, published: false });
    expect(finding?.message).toContain(
      'the old value of slug, tenant, which rule post (rules.yaml:6:16) and rule list (rules.yaml:6:16) need:',
    );
  });

  test('proposes a covering index where the columns are NOT NULL', () => {
    const list = findings('post:${tenant}:${id}');
    expect(list).toMatchObject([
      { code: 'IDENTITY_LACKS_COLUMN', severity: 'error', subject: 'public.posts' },
    ]);
    expect(sql(list)).toEqual([
      'CREATE UNIQUE INDEX CONCURRENTLY posts_freshet_identity ON public.posts (id, tenant);',
      'ALTER TABLE public.posts REPLICA IDENTITY USING INDEX posts_freshet_identity;',
    ]);
    expect(list[0]?.remedy).toMatch(/17 %[^]*2,700 bytes: rows with longer values of tenant/);
  });

  test.each<[string, Partial<RelationFacts>, RegExp]>([
    [
      'a column may be NULL',
      { columns: [column('id'), column('tenant', 'text', { notNull: false })] },
      /53 %[^]*ALTER COLUMN tenant SET NOT NULL[^]*\nALTER TABLE public\.posts REPLICA IDENTITY FULL;$/,
    ],
    [
      'no index takes a column',
      { columns: [column('id'), column('tenant', 'point')] },
      /53 %[^]*\nALTER TABLE public\.posts REPLICA IDENTITY FULL;$/,
    ],
  ])('leaves it to an operator to write whole rows where %s', (_, facts, remedy) => {
    const list = findings('post:${tenant}', facts);
    expect(list).toMatchObject([{ code: 'IDENTITY_LACKS_COLUMN', remedy: expect.stringMatching(remedy) }]);
    expect(list[0]?.statements).toBeUndefined();
  });

  test('takes an index that is already there', () => {
    const cover = { name: 'Cover', primary: false, columns: ['tenant', 'id'] };
    expect(sql(findings('post:${tenant}', { uniqueIndexes: [PRIMARY, cover] }))).toEqual([
      'ALTER TABLE public.posts REPLICA IDENTITY USING INDEX "Cover";',
    ]);
  });

  test('goes back to the primary key where that suffices', () => {
    const facts = { identity: 'index', identityColumns: ['slug'] } as const;
    expect(sql(findings('post:${id}', facts))).toEqual([
      'ALTER TABLE public.posts REPLICA IDENTITY DEFAULT;',
    ]);
  });

  test('finds a free name for the index, and a short one', () => {
    const taken = { indexNames: ['posts_pkey', 'posts_freshet_identity'] };
    expect(sql(findings('post:${tenant}', taken))[0]).toContain('posts_freshet_identity_2 ON');
    expect(sql(findings('post:${tenant}', { name: 'p'.repeat(60) }))[0]).toContain(
      'freshet_identity_4711 ON',
    );
  });

  test('takes away what a failed creation of that index left, and only that', () => {
    const facts = {
      unfinishedIndexes: ['posts_freshet_identity', 'posts_freshet_identity_2', 'posts_freshet_identity_old'],
    };
    const [finding] = findings('post:${tenant}', facts);
    expect(finding?.statements).toEqual([
      ...['posts_freshet_identity', 'posts_freshet_identity_2'].map((name) => ({
        kind: 'drop-index',
        sql: `DROP INDEX CONCURRENTLY public.${name};`,
        table: 'public.posts',
        index: `public.${name}`,
      })),
      {
        kind: 'create-index',
        sql: 'CREATE UNIQUE INDEX CONCURRENTLY posts_freshet_identity ON public.posts (id, tenant);',
        table: 'public.posts',
        index: 'public.posts_freshet_identity',
      },
      {
        kind: 'alter-table',
        sql: 'ALTER TABLE public.posts REPLICA IDENTITY USING INDEX posts_freshet_identity;',
        table: 'public.posts',
      },
    ]);
  });

  test('inserts and truncates have no old row', () => {
    const quiet = rule(['post:${tenant}'], 'insert, truncate');
    expect(checkIdentity([ruled([quiet])], { version: 170_000, published: false })).toEqual([]);
  });

  test.each<[string, Partial<RelationFacts>, RegExp]>([
    ['no primary key', { identityColumns: null, uniqueIndexes: [] }, /no primary key/],
    ['NOTHING', { identity: 'nothing', identityColumns: null }, /REPLICA IDENTITY NOTHING/],
    ['a dropped index', { identity: 'index', identityColumns: null }, /lost the index/],
  ])('%s makes the writes of the application fail, whatever the rule needs', (_, facts, reason) => {
    const quiet = rule(['post:${id}'], 'insert');
    const [finding] = checkIdentity([ruled([quiet], facts)], { version: 170_000, published: false });
    expect(finding).toMatchObject({ code: 'IDENTITY_UNUSABLE', severity: 'error' });
    expect(finding?.message).toMatch(reason);
  });

  test('one finding for all rules of a table, with one index for them all', () => {
    const rules = [rule(['post:${tenant}']), rule(['slug:${slug}'], 'delete', 'slug')];
    const list = checkIdentity([ruled(rules)], { version: 170_000, published: false });
    expect(sql(list)[0]).toContain('ON public.posts (id, tenant, slug);');
  });

  test('each partition has an identity of its own', () => {
    const leaves = [
      relation({ name: 'posts_1', identity: 'full', identityColumns: ['id', 'tenant', 'slug'] }),
      relation({ name: 'posts_2' }),
    ];
    const table = { ...ruled([rule(['post:${tenant}'])], { kind: 'p' }), leaves };
    const list = checkIdentity([table], { version: 170_000, published: false });
    expect(list[0]?.message).toContain('(partitions public.posts_2)');
    expect(sql(list)).toHaveLength(2);
  });

  test('from Postgres 18 on, an unpublished generated column must stay out of the identity', () => {
    const facts = {
      identity: 'full',
      identityColumns: ['id', 'tenant', 'g'],
      columns: [column('id'), column('tenant', 'text'), column('g', 'text', { generated: 'stored' })],
    } as const;
    expect(findings('post:${tenant}', facts, 170_000)).toEqual([]);
    const list = findings('post:${tenant}', facts, 180_000);
    expect(list).toMatchObject([{ code: 'IDENTITY_GENERATED', severity: 'error' }]);
    expect(sql(list)[0]).toContain('(id, tenant);');
  });
});
