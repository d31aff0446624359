import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LeaderToken } from '../../src/pipeline/redis/leader-token.ts';
import type { FailingRedis } from '../support/history/failing-redis.ts';
import type { Attempt } from '../support/history/history.ts';
import type { RankingSpec } from '../support/history/ranking-view.ts';
import type { RecordSpec } from '../support/history/record-view.ts';
import type { RefreshSpec } from '../support/history/refresh-view.ts';
import type { Step } from '../support/history/replay.ts';
import { checkReplay, type ReplayCase } from '../support/history/replay-case.ts';
import { ReplayServers } from '../support/history/replay-servers.ts';
import type { ColumnName, StoredRow } from '../support/history/stored-row.ts';

/** Single cases of what history.property.test.ts tries at random: some that it has found, some that it seldom finds. */
let servers: ReplayServers;

beforeAll(async () => {
  servers = await ReplayServers.open();
});

afterAll(() => servers[Symbol.asyncDispose]());

const ROW: StoredRow = { id: '1', slug: 'a', grp: '1', status: 'live', price: '3', body: 'L1' };
const PUT = { kind: 'put', table: 0, row: ROW, set: [] } as const;
const TRUNCATE = { kind: 'truncate', table: 0 } as const;

function change(column: ColumnName, value: string): Attempt {
  return { ...PUT, row: { ...ROW, [column]: value }, set: [column] };
}

const COMMIT: Step = { kind: 'commit' };
const APPLY: Step = { kind: 'apply', early: false };
const FILL: Step = { kind: 'fill', which: 0xffff };

const BASE: Omit<ReplayCase, 'ruleSet' | 'transactions'> = {
  identities: ['full', 'full'],
  maxKeys: 100,
  evicts: false,
  steps: [],
};

const REFRESH: RefreshSpec = {
  kind: 'refresh',
  table: 0,
  lookup: { shape: [{ column: 'id' }], by: ['id'] },
  form: 'json',
  columns: ['price'],
  always: true,
  isGuarded: false,
  hasCompanion: false,
  massChange: undefined,
};

const BY_ID_IN_GROUP: RefreshSpec = {
  ...REFRESH,
  lookup: { shape: [{ column: 'grp' }, ':', { column: 'id' }], by: ['id'] },
};

const RANKING: RankingSpec = {
  kind: 'ranking',
  table: 0,
  shape: [{ column: 'status' }],
  member: [{ column: 'slug' }],
  always: false,
  isGuarded: false,
  massChange: undefined,
};

describe('a row is not stored where it has left', () => {
  test('its key, by a query that finds it all the same', async () => {
    const transactions = [[PUT], [change('grp', '2')]];
    await checkReplay(servers, { ...BASE, ruleSet: [BY_ID_IN_GROUP], transactions, maxKeys: 1 });
  });

  test('its key, in the batch that brought it', async () => {
    const lookup: RefreshSpec['lookup'] = { shape: [{ column: 'slug' }], by: ['id'] };
    const transactions = [[PUT, change('slug', 'b')]];
    await checkReplay(servers, { ...BASE, ruleSet: [{ ...REFRESH, lookup }], transactions });
  });

  test('all keys by TRUNCATE, which another rule answers, and has come back under another one', async () => {
    const again: Attempt = { ...PUT, row: { ...ROW, grp: '2' } };
    const ruleSet = [{ ...BY_ID_IN_GROUP, hasCompanion: true }];
    await checkReplay(servers, { ...BASE, ruleSet, transactions: [[PUT, TRUNCATE, again]], maxKeys: 2 });
  });
});

test('a member of which the stream does not tell that it has left its set does not stay in it', async () => {
  await checkReplay(servers, {
    ...BASE,
    ruleSet: [RANKING],
    identities: ['default', 'default'],
    transactions: [[PUT], [change('slug', 'b')]],
    maxKeys: 1,
    steps: [COMMIT, FILL],
  });
});

describe('a leader that is paused when it has read a value, and wakes up when the key is gone', () => {
  const given: ReplayCase = {
    ...BASE,
    ruleSet: [{ ...REFRESH, always: false }],
    transactions: [[PUT], [change('price', '5')], [change('price', '9')]],
    evicts: true,
    steps: [
      COMMIT,
      APPLY,
      FILL,
      COMMIT,
      { kind: 'crash', commands: 0, back: 0, isPaused: true },
      { kind: 'evict', which: 0xffff },
      COMMIT,
      APPLY,
      APPLY,
      { kind: 'wake', commands: 100 },
    ],
  };

  test('stores nothing', async () => {
    await checkReplay(servers, given);
  });

  test('would store it without a look at who leads', async () => {
    const replayed = checkReplay(servers, given, { beforeApply: takeToken });
    await expect(replayed).rejects.toThrow('stale keys');
  });
});

describe('in one batch, with a rule that writes and another that removes the same keys', () => {
  test.each<[string, RecordSpec['companion'], readonly Attempt[]]>([
    ['a purge takes back what was written before it', 'deletes', [PUT, TRUNCATE]],
    [
      'a delete takes back what was written after a purge',
      'state',
      [TRUNCATE, PUT, change('status', 'dead')],
    ],
  ])('%s', async (_what, companion, transaction) => {
    const record: RecordSpec = {
      kind: 'record',
      table: 0,
      shape: [{ column: 'id' }],
      form: 'json',
      columns: null,
      isGuarded: false,
      companion,
      massChange: undefined,
    };
    await checkReplay(servers, { ...BASE, ruleSet: [record], transactions: [transaction] });
  });
});

async function takeToken(redis: FailingRedis, { key, value }: LeaderToken): Promise<void> {
  await redis.set(key, value);
}
