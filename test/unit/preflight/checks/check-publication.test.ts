import { describe, expect, test } from 'vitest';
import { checkPublication } from '../../../../src/preflight/checks/check-publication.ts';
import type { PublicationFacts } from '../../../../src/preflight/facts/publication-facts.ts';
import { PUBLICATION, published, relation, rule, ruled, WANTED } from '../facts.ts';

const POSTS = ruled([rule(['post:${id}'])]);
const WITH_POSTS = { ...PUBLICATION, tables: [published('posts')] };

function codes(publication: PublicationFacts | undefined, tables = [POSTS]): readonly string[] {
  return checkPublication(publication, WANTED, tables).map(({ severity, code }) => `${severity} ${code}`);
}

describe('checkPublication', () => {
  test('says nothing of a publication that sends everything', () => {
    expect(codes(WITH_POSTS)).toEqual([]);
  });

  test('a missing one comes with the SQL that creates it', () => {
    const [finding] = checkPublication(undefined, WANTED, [POSTS]);
    expect(finding).toMatchObject({ code: 'PUBLICATION_MISSING', severity: 'error' });
    expect(finding?.remedy).toContain('CREATE PUBLICATION freshet FOR TABLE public.posts');
  });

  test.each<[string, Partial<PublicationFacts>]>([
    ['error PUBLICATION_LACKS_KIND', { inserts: false }],
    ['error PUBLICATION_LACKS_KIND', { updates: false }],
    ['error PUBLICATION_LACKS_KIND', { deletes: false }],
    ['error PUBLICATION_LACKS_KIND', { truncates: false }],
    ['error PUBLICATION_VIA_ROOT', { viaRoot: true }],
    ['error PUBLICATION_LACKS_TABLE', { tables: [] }],
    ['error PUBLICATION_ROW_FILTER', { tables: [published('posts', { rowFilter: true })] }],
    ['error PUBLICATION_COLUMN_LIST', { tables: [published('posts', { columnList: true })] }],
  ])('%s', (expected, facts) => {
    expect(codes({ ...WITH_POSTS, ...facts })).toEqual([expected]);
  });

  describe('of a partitioned table', () => {
    const leaves = ['posts_1', 'posts_2'].map((name) => relation({ name }));
    const partitioned = { ...POSTS, relation: relation({ kind: 'p' }), leaves };

    test('every leaf must be in it', () => {
      expect(
        codes({ ...PUBLICATION, tables: [published('posts_1'), published('posts_2')] }, [partitioned]),
      ).toEqual([]);
      expect(codes({ ...PUBLICATION, tables: [published('posts_1')] }, [partitioned])).toEqual([
        'error PUBLICATION_LACKS_TABLE',
      ]);
    });

    test('naming the root suffices, also while it has no partition', () => {
      expect(codes(WITH_POSTS, [partitioned])).toEqual([]);
      expect(codes(WITH_POSTS, [{ ...partitioned, leaves: [] }])).toEqual([]);
    });
  });

  test('the remedy warns of a table whose writes would fail once it is added', () => {
    const unusable = ruled([rule(['post:${id}'])], { identity: 'nothing', identityColumns: null });
    const [finding] = checkPublication(PUBLICATION, WANTED, [unusable]);
    expect(finding?.remedy).toMatch(/^-- not before the replica identity of public.posts is mended/);
  });

  test('kinds that would make the writes of another table fail are nothing that setup may add', () => {
    const tables = [published('posts'), published('logs', { hasIdentity: false })];
    const [unsafe] = checkPublication({ ...PUBLICATION, deletes: false, tables }, WANTED, [POSTS]);
    expect(unsafe).toMatchObject({ code: 'PUBLICATION_LACKS_KIND' });
    expect(unsafe?.remedy).toMatch(/^-- not before the replica identity of public.logs is mended.*\nALTER/);
    expect(unsafe).not.toHaveProperty('statements');
    const [safe] = checkPublication({ ...PUBLICATION, truncates: false, tables }, WANTED, [POSTS]);
    expect(safe?.statements).toEqual([{ kind: 'publish', sql: safe?.remedy }]);
  });

  test('tables without rules whose writes fail are named, each with its way out', () => {
    const tables = [
      published('posts'),
      published('logs', { hasIdentity: false }),
      published('events', { hasIdentity: false, isListed: false }),
    ];
    expect(checkPublication({ ...PUBLICATION, tables }, WANTED, [POSTS])).toMatchObject([
      {
        code: 'PUBLICATION_BREAKS_WRITES',
        severity: 'warning',
        remedy:
          'ALTER PUBLICATION freshet DROP TABLE public.logs;\nALTER TABLE public.events REPLICA IDENTITY FULL;',
      },
    ]);
  });
});
