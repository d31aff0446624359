import { describe, expect, test } from 'vitest';
import type { PostgresFacts } from '../../../../src/preflight/facts/postgres-facts.ts';
import { planMissing } from '../../../../src/preflight/setup/plan-missing.ts';
import { PUBLICATION, published, relation, rule, ruled, SLOT, untouched, WANTED } from '../facts.ts';

const POSTS = ruled([rule(['post:${id}'])]);
const NOTHING = untouched(POSTS);

function missing(facts: Partial<PostgresFacts>): readonly string[] {
  return planMissing({ ...NOTHING, ...facts }, WANTED).plan.map(({ statement }) => statement.sql);
}

describe('planMissing', () => {
  test('makes the publication before the slot', () => {
    expect(missing({})).toEqual([
      expect.stringMatching(/^CREATE PUBLICATION freshet FOR TABLE public\.posts\n/),
      "SELECT pg_create_logical_replication_slot('freshet', 'pgoutput');",
    ]);
  });

  test('adds only what is missing, the root of a partitioned table', () => {
    const tables = [{ ...POSTS, relation: relation({ kind: 'p' }), leaves: [relation({ name: 'posts_1' })] }];
    expect(missing({ publication: PUBLICATION, slot: SLOT, tables })).toEqual([
      'ALTER PUBLICATION freshet ADD TABLE public.posts;',
    ]);
  });

  test('has nothing to do where all is there', () => {
    const publication = { ...PUBLICATION, tables: [published('posts')] };
    expect(missing({ publication, slot: SLOT })).toEqual([]);
  });

  test('leaves alone what is there and wrong: an error that it cannot mend', () => {
    const publication = { ...PUBLICATION, viaRoot: true, tables: [published('posts')] };
    const slot = { ...SLOT, walStatus: 'lost' };
    const { plan, obstacles } = planMissing({ ...NOTHING, publication, slot }, WANTED);
    expect(plan).toEqual([]);
    expect(obstacles.map(({ code }) => code)).toEqual(['PUBLICATION_VIA_ROOT', 'SLOT_LOST']);
  });
});
