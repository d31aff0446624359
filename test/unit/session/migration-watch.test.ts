import { describe, expect, test } from 'vitest';
import { toLsn } from '../../../src/domain/lsn.ts';
import type { Fingerprint } from '../../../src/migrations/fingerprint.ts';
import { PURGE_PREFIX } from '../../../src/migrations/message-prefixes.ts';
import type { StreamMessage } from '../../../src/migrations/migration-listener.ts';
import { aFingerprint, aMember, aTable } from '../migrations/fingerprints.ts';
import { ruleOn } from '../pipeline/rule-on.ts';
import { WatchedCatalog } from './watched-catalog.ts';

const COLUMNS = { id: '1 integer 23 0 ', name: '2 text 25 100 ', status: '3 text 25 100 ' };
const WIDER = { ...COLUMNS, score: '4 integer 23 0 ' };
const FULL = { identity: 'f', identityIndex: null, identityColumns: null };
const USER = ruleOn('public.users', ['user:${id}'], { name: 'user' });
const PAGE = ruleOn('public.users', ['page:${id}'], { name: 'page' });
const ORDER = ruleOn('public.orders', ['order:${id}'], { name: 'order' });
const RULES = [USER, ORDER, PAGE];

/** The tables of the rules. @param member of public.users (id, name, status) */
function tables(
  member: Parameters<typeof aMember>[0] = {},
  columns: Readonly<Record<string, string>> = COLUMNS,
): Fingerprint {
  return aFingerprint({
    tables: [
      aTable({ columns, members: [aMember(member)] }),
      aTable({ name: 'orders', oid: 2, members: [aMember({ oid: 2, name: 'orders' })] }),
    ],
  });
}

describe('the first look of all', () => {
  test('is written down, and purges nothing', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    expect(catalog.purged).toEqual([]);
    expect(catalog.keptFingerprint).toEqual(catalog.fingerprint);
  });

  test('purges all where what is written down cannot be read', async () => {
    await using catalog = new WatchedCatalog(tables());
    catalog.kept = '{"format": 0}';
    await catalog.start(RULES);
    expect(catalog.purged).toEqual([['user', 'order', 'page']]);
    await catalog.lookAgain();
    expect(catalog.keptFingerprint).toEqual(catalog.fingerprint);
  });
});

describe('what is written down', () => {
  test('is lost where keys were kept right before: then all is purged, once', async () => {
    await using catalog = new WatchedCatalog(tables());
    catalog.isFollowed = true;
    await catalog.start(RULES);
    expect(catalog.purged).toEqual([['user', 'order', 'page']]);
    await catalog.lookAgain();
    await catalog.start(RULES);
    expect(catalog.purged).toHaveLength(1);
  });
});

async function renamed(): Promise<WatchedCatalog> {
  const catalog = await WatchedCatalog.open(tables(), RULES);
  catalog.watch.reached(catalog.lsn);
  catalog.renamed = [
    { schema: 'public', name: 'of no rule' },
    { schema: 'public', name: 'users' },
  ];
  catalog.snapshot = '790:800:790';
  await catalog.lookAgain();
  return catalog;
}

describe('a name that a table of the stream has not had before', () => {
  test('purges at once, and again when those have ended whose rows were missed', async () => {
    await using catalog = await renamed();
    expect(catalog.purged).toEqual([['user', 'page']]);
    catalog.snapshot = '800:800:';
    await catalog.lookAgain();
    await catalog.lookAgain();
    expect(catalog.purged).toEqual([
      ['user', 'page'],
      ['user', 'page'],
    ]);
  });

  test('holds back what is written down of the catalog until then', async () => {
    await using catalog = await renamed();
    const before = catalog.kept;
    catalog.fingerprint = tables({}, WIDER);
    await catalog.lookAgain();
    await catalog.lookAgain();
    expect(catalog.kept).toBe(before);
  });

  test('is no news where no rule names it', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    catalog.renamed = [{ schema: 'public', name: 'of no rule' }];
    await catalog.lookAgain();
    expect(catalog.purged).toEqual([]);
  });
});

describe('a change of the catalog', () => {
  test('purges the rules of its table, is counted, and is no news at the next look', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    catalog.watch.reached(catalog.lsn);
    catalog.fingerprint = tables({}, WIDER);
    await catalog.lookAgain();
    await catalog.lookAgain();
    expect(catalog.purged).toEqual([['user', 'page']]);
    expect(catalog.noticed).toEqual(['catalog']);
  });

  test('that there is none of writes nothing', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    await catalog.lookAgain();
    await catalog.start(RULES);
    expect(catalog.writes).toBe(1);
  });

  test('of the publication purges all rules', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    catalog.watch.reached(catalog.lsn);
    catalog.fingerprint = { ...tables(), publication: null };
    await catalog.lookAgain();
    expect(catalog.purged).toEqual([['user', 'order', 'page']]);
    expect(catalog.logged).toEqual(['publication-missing PUBLICATION_MISSING']);
  });

  test('purges again when the stream, which may be behind, has come to it', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    catalog.watch.reached(toLsn(400n));
    catalog.fingerprint = tables({}, WIDER);
    await catalog.lookAgain();
    catalog.watch.reached(toLsn(499n));
    expect(catalog.purged).toHaveLength(1);
    catalog.watch.reached(toLsn(500n));
    catalog.watch.reached(toLsn(600n));
    expect(catalog.purged).toEqual([
      ['user', 'page'],
      ['user', 'page'],
    ]);
  });

  test('is written down only after the stream has come to it: the next process finds it until then', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    const before = catalog.kept;
    catalog.fingerprint = tables({}, WIDER);
    await catalog.lookAgain();
    await catalog.lookAgain();
    expect(catalog.kept).toBe(before);

    await catalog.start(RULES);
    expect(catalog.purged).toHaveLength(2);
    catalog.watch.reached(catalog.lsn);
    await catalog.lookAgain();
    expect(catalog.purged).toHaveLength(3);
    expect(catalog.keptFingerprint).toEqual(catalog.fingerprint);
    await catalog.start(RULES);
    expect(catalog.purged).toHaveLength(3);
  });

  test('is written down only after its purge is done', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    const purged = Promise.withResolvers<void>();
    catalog.purging = () => purged.promise;
    const before = catalog.kept;
    catalog.watch.reached(catalog.lsn);
    catalog.fingerprint = tables({}, WIDER);
    await catalog.lookAgain();
    await catalog.lookAgain();
    expect(catalog.kept).toBe(before);
    purged.resolve();
    await catalog.lookAgain();
    expect(catalog.keptFingerprint).toEqual(catalog.fingerprint);
  });

  test('is never written down where its purge fails, and the next process purges', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    catalog.purging = async () => {
      throw new Error('the queue is closed');
    };
    const before = catalog.kept;
    catalog.watch.reached(catalog.lsn);
    catalog.fingerprint = tables({}, WIDER);
    await catalog.lookAgain();
    await catalog.lookAgain();
    expect(catalog.kept).toBe(before);

    catalog.purging = async () => {};
    await catalog.start(RULES);
    expect(catalog.purged).toEqual([
      ['user', 'page'],
      ['user', 'page'],
    ]);
  });

  test('that was made while nobody watched is found at the start', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    catalog.fingerprint = tables({}, WIDER);
    await catalog.start(RULES);
    expect(catalog.purged).toEqual([['user', 'page']]);
  });

  test('of a table that another rule has come to name since is none', async () => {
    const narrower = aFingerprint({ tables: tables().tables.slice(0, 1) });
    await using catalog = await WatchedCatalog.open(narrower, [USER]);
    catalog.fingerprint = tables();
    await catalog.start(RULES);
    expect(catalog.purged).toEqual([]);
  });
});

async function published({ nextXid = 800n } = {}): Promise<WatchedCatalog> {
  const catalog = await WatchedCatalog.open(tables({ published: null }), RULES);
  catalog.watch.reached(catalog.lsn);
  catalog.fingerprint = tables();
  catalog.snapshot = '790:800:790';
  catalog.nextXid = nextXid;
  await catalog.lookAgain();
  return catalog;
}

describe('a table that came into the publication while transactions had it open', () => {
  test('is purged at once, and again when they have ended', async () => {
    await using catalog = await published();
    expect(catalog.purged).toEqual([['user', 'page']]);
    catalog.snapshot = '799:810:799';
    await catalog.lookAgain();
    expect(catalog.purged).toHaveLength(1);
    catalog.snapshot = '800:820:800';
    await catalog.lookAgain();
    await catalog.lookAgain();
    expect(catalog.purged).toEqual([
      ['user', 'page'],
      ['user', 'page'],
    ]);
  });

  test('waits for those too that have begun after the last one that has ended', async () => {
    await using catalog = await published({ nextXid: 802n });
    catalog.snapshot = '801:801:';
    await catalog.lookAgain();
    expect(catalog.purged).toHaveLength(1);
    catalog.snapshot = '802:802:';
    await catalog.lookAgain();
    expect(catalog.purged).toHaveLength(2);
  });

  test('is written down only then', async () => {
    await using catalog = await published();
    const before = catalog.kept;
    await catalog.lookAgain();
    expect(catalog.kept).toBe(before);
    catalog.snapshot = '800:800:';
    await catalog.lookAgain();
    await catalog.lookAgain();
    expect(catalog.keptFingerprint).toEqual(catalog.fingerprint);
  });
});

function order(content: string): StreamMessage {
  return { lsn: toLsn(1n), prefix: PURGE_PREFIX, content: Buffer.from(content) };
}

describe('a message of the stream', () => {
  test.each([
    ['an order for a table', '{"table": "public.users"}', ['user', 'page']],
    ['an order for a rule', '{"rule": "order"}', ['order']],
    ['an order for what no rule knows', '{"rule": "nobody"}', []],
    ['what cannot be read', '{', ['user', 'order', 'page']],
  ])('that is %s purges at its place', async (_, content, names) => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    expect(catalog.watch.heard(order(content), 1).map(({ name }) => name)).toEqual(names);
  });

  test('of somebody else says nothing', async () => {
    await using catalog = await WatchedCatalog.open(tables(), RULES);
    expect(catalog.watch.heard({ ...order(''), prefix: 'theirs' }, 1)).toEqual([]);
  });
});

async function weakened(spec: object) {
  const rule = ruleOn('public.users', ['user:${id}'], { ...spec });
  await using catalog = await WatchedCatalog.open(tables(FULL), [rule]);
  catalog.fingerprint = tables();
  await catalog.lookAgain();
  return catalog;
}

describe('a replica identity weakened from FULL to the primary key', () => {
  test.each([
    [`a condition on the new row`, { when: `row.status == 'x'` }],
    ['a rule on inserts alone', { on: ['insert'], keys: ['user:${name}'] }],
    ['deletes that a condition cannot decide', { on: ['delete'], when: `old.status == 'x'` }],
    ['the score of a sorted set', { sortedSet: { member: '${id}', score: 'status', ttl: '1h' } }],
    ['what is written', { set: { ttl: '1h' } }],
    ['what a query is bound to', { refresh: { query: 'SELECT ${status}', ttl: '1h' } }],
  ])('is no news to %s', async (_, spec) => {
    const { logged, purged } = await weakened(spec);
    expect({ logged, purged }).toEqual({ logged: [], purged: [] });
  });

  test.each([
    ['a key', { keys: ['user:${name}'] }],
    ['a fan-out', { keys: [{ each: 'SELECT ${status} AS x', key: 'x:${x}' }] }],
    ['a condition on the old row', { when: `old.status == 'x'` }],
    ['the member of a sorted set', { sortedSet: { member: '${name}', score: 'id', ttl: '1h' } }],
  ])('is an alarm and a purge for %s', async (_, spec) => {
    const { logged, purged } = await weakened(spec);
    expect({ logged, purged }).toEqual({
      logged: ['identity-weakened IDENTITY_LACKS_COLUMN'],
      purged: [['product']],
    });
  });
});

describe('a column that is dropped', () => {
  test.each([
    ['a key', { keys: ['user:${status}'] }],
    ['a fan-out', { keys: [{ each: 'SELECT ${status} AS x', key: 'x:${x}' }] }],
    ['a condition', { when: `row.status == 'x'` }],
    ['the member of a sorted set', { sortedSet: { member: '${status}', score: 'id', ttl: '1h' } }],
    ['the score of a sorted set', { sortedSet: { member: '${id}', score: 'status', ttl: '1h' } }],
    ['the columns of a set', { set: { columns: ['status'], ttl: '1h' } }],
    ['the template of a set', { set: { template: '${status}', ttl: '1h' } }],
    ['the columns of a hash', { hash: { columns: ['status'], ttl: '1h' } }],
    ['the query of a refresh', { refresh: { query: 'SELECT ${status}', ttl: '1h' } }],
    ['the sum of a counter', { counter: { sum: 'status', ttl: '1h' } }],
  ])('is an alarm where %s needs it', async (_, spec) => {
    const rule = ruleOn('public.users', ['user:${id}'], { ...spec });
    await using catalog = await WatchedCatalog.open(tables(FULL), [rule]);
    const { status: _status, ...columns } = COLUMNS;
    catalog.fingerprint = tables(FULL, columns);
    await catalog.lookAgain();
    expect(catalog.logged).toEqual(['columns', 'columns COLUMN_MISSING']);
  });
});
