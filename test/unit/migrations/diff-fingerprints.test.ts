import { describe, expect, test } from 'vitest';
import { diffFingerprints } from '../../../src/migrations/diff-fingerprints.ts';
import type {
  Fingerprint,
  MemberFingerprint,
  TableFingerprint,
} from '../../../src/migrations/fingerprint.ts';
import { aFingerprint, aMember, aTable } from './fingerprints.ts';

const NEEDED = { named: new Set(['id', 'name']), old: new Set(['id', 'name']) };

function diff(before: Partial<Fingerprint>, after: Partial<Fingerprint>) {
  return diffFingerprints(aFingerprint(before), aFingerprint(after), () => NEEDED);
}

function diffOne(before: Partial<TableFingerprint>, after: Partial<TableFingerprint>) {
  return diff({ tables: [aTable(before)] }, { tables: [aTable(after)] });
}

function diffMember(before: Partial<MemberFingerprint>, after: Partial<MemberFingerprint>) {
  return diffOne({ members: [aMember(before)] }, { members: [aMember(after)] });
}

test('two looks at the same differ in nothing', () => {
  expect(diff({}, {})).toEqual([]);
});

test('tables that rules began or ceased to name are no change of the catalog', () => {
  const other = aTable({ name: 'other', oid: null, members: [] });
  expect(diff({}, { tables: [aTable(), other] })).toEqual([]);
  expect(diff({ tables: [aTable(), other] }, {})).toEqual([]);
});

test.each(['file', 'attributes'] as const)('another %s alone changes no value', (field) => {
  expect(diffMember({}, { [field]: field === 'file' ? 2 : 'Y' })).toEqual([]);
});

test('another file and other definitions are a rewrite', () => {
  expect(diffMember({}, { file: 2, attributes: 'Y' })).toEqual([
    {
      kind: 'rewritten',
      table: { schema: 'public', name: 'users' },
      message: 'public.users: was written anew after its column definitions were touched',
      purge: 'once',
    },
  ]);
});

function partitions(file: number, attributes: string): readonly MemberFingerprint[] {
  return Array.from({ length: 1_000 }, (_, i) => aMember({ oid: i + 10, name: `p${i}`, file, attributes }));
}

test('a thousand partitions make one sentence', () => {
  const changes = diffOne({ members: partitions(1, 'X') }, { members: partitions(2, 'Y') });
  expect(changes.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^public.users: public.p0, .* and 992 more was written anew/),
  ]);
});

describe('a partition that came', () => {
  const root = aMember({ kind: 'p' });
  const came = (parts: Partial<MemberFingerprint>) =>
    diffOne({ members: [root] }, { members: [root, aMember({ oid: 2, name: 'users_2', ...parts })] });

  test('purges unless it is known to be empty', () => {
    expect(came({})).toMatchObject([{ kind: 'partition-added', purge: 'once' }]);
    expect(came({ mayHaveRows: true })).toMatchObject([{ kind: 'partition-added' }]);
    expect(came({ mayHaveRows: false })).toEqual([]);
  });

  test('and is not published is an alarm', () => {
    expect(came({ mayHaveRows: false, published: null })).toMatchObject([
      { kind: 'unpublished', alarm: { remedy: 'ALTER PUBLICATION freshet ADD TABLE public.users;' } },
    ]);
  });

  test('is held to the replica identity of those that were there', () => {
    const first = aMember({ oid: 3, name: 'users_1', identity: 'f', identityColumns: null });
    const second = aMember({ oid: 4, name: 'users_2', mayHaveRows: false });
    const changes = diffOne({ members: [first] }, { members: [first, second] });
    expect(changes).toMatchObject([{ kind: 'identity-weakened', alarm: { code: 'IDENTITY_LACKS_COLUMN' } }]);
    expect(changes[0]?.alarm?.message).toContain('old rows of public.users_2 do not carry name any more');
  });
});

describe('a weaker replica identity', () => {
  const full = { identity: 'f', identityIndex: null, identityColumns: null };
  const covering = { identity: 'i', identityIndex: 'users_ri', identityColumns: ['id', 'name'] };
  const none = { identityIndex: null, identityColumns: null };

  test.each([
    [full, {}, 'ALTER TABLE public.users REPLICA IDENTITY FULL;'],
    [covering, {}, 'ALTER TABLE public.users REPLICA IDENTITY USING INDEX users_ri;'],
    [
      covering,
      { identity: 'i', ...none },
      'CREATE UNIQUE INDEX CONCURRENTLY users_ri ON public.users (id, name);\nALTER TABLE public.users REPLICA IDENTITY USING INDEX users_ri;',
    ],
    [{}, none, 'ALTER TABLE public.users ADD PRIMARY KEY (id);'],
    [{}, { identity: 'n', ...none }, 'ALTER TABLE public.users REPLICA IDENTITY DEFAULT;'],
  ])('%o -> %o', (before, after, remedy) => {
    expect(diffMember(before, after)).toMatchObject([{ kind: 'identity-weakened', alarm: { remedy } }]);
  });

  test('breaks the writes of the application where nothing is left and the table is published', () => {
    expect(diffMember({}, none)[0]?.alarm?.code).toBe('IDENTITY_UNUSABLE');
    expect(diffMember({ published: null }, { ...none, published: null })[0]?.alarm?.code).toBe(
      'IDENTITY_LACKS_COLUMN',
    );
  });

  test('is none where no rule reads what is lost', () => {
    expect(diffMember({ ...covering, identityColumns: ['id', 'note'] }, {})).toEqual([]);
  });

  test('and a stronger one is no news', () => {
    expect(diffMember({}, full)).toEqual([]);
    expect(diffMember({}, covering)).toEqual([]);
  });
});

describe('entries of the publication', () => {
  test.each([
    ['r60', 'r60,s70', []],
    ['r60,s70', 's70', []],
    ['r60', 's70', ['published']],
    ['r60', 'r61', ['published']],
    [null, 'all', ['published']],
    ['all', null, ['unpublished']],
    [null, null, []],
  ])('%s -> %s: %j', (before, after, kinds) => {
    expect(diffMember({ published: before }, { published: after }).map(({ kind }) => kind)).toEqual(kinds);
  });

  test('have no news of their own when the publication has', () => {
    const unpublished = { tables: [aTable({ members: [aMember({ published: null })] })] };
    expect(diff({}, { ...unpublished, publication: null })).toMatchObject([
      {
        kind: 'publication-missing',
        table: undefined,
        alarm: { remedy: expect.stringMatching(/^CREATE PUBLICATION freshet FOR TABLE public.users\n/) },
      },
    ]);
  });
});

test('a materialized view needs neither publication nor replica identity', () => {
  const view = { kind: 'm', published: null, identityColumns: null, identityIndex: null, writes: '0/0/0' };
  expect(diffMember(view, view)).toEqual([]);
  expect(diffMember(view, { ...view, writes: '2/0/1' })).toMatchObject([
    { kind: 'refreshed', purge: 'once' },
  ]);
  const appeared = diffOne({ oid: null, members: [] }, { members: [aMember(view)] });
  expect(appeared.map(({ kind }) => kind)).toEqual(['table-appeared']);
});
