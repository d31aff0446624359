import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.ts';
import type { LeaderToken } from '../../src/pipeline/redis/leader-token.ts';
import { IS_LONG } from '../faults/test-length.ts';
import { checkDaemon, daemonCases } from '../support/history/daemon-case.ts';
import { FailingRedis } from '../support/history/failing-redis.ts';
import type { Attempt } from '../support/history/history.ts';
import { HistoryTables } from '../support/history/history-tables.ts';
import type { RecordSpec } from '../support/history/record-view.ts';
import type { Sabotage } from '../support/history/replay.ts';
import {
  checkReplay,
  type ReplayCase,
  type ReplayServers,
  replayCases,
} from '../support/history/replay-case.ts';
import type { StoredRow } from '../support/history/stored-row.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';

const LONGEST_MS = 1_800_000;

const owned = new AsyncDisposableStack();
let redis: FailingRedis;
let servers: ReplayServers;

beforeAll(async () => {
  const server = owned.use(await LocalRedis.create());
  redis = new FailingRedis(server.url);
  owned.defer(() => redis.disconnect());
  servers = { redis, tables: owned.use(await HistoryTables.open()) };
});

afterAll(() => owned.disposeAsync());

describe('whatever the rules and the history, Redis ends as the tables say', { timeout: LONGEST_MS }, () => {
  test('through crashes at any command and redelivery from anywhere before', async () => {
    await fc.assert(
      fc.asyncProperty(replayCases, (given) => checkReplay(servers, given)),
      { numRuns: IS_LONG ? 20_000 : 500 },
    );
  });

  test('through kills of the real daemon', async () => {
    await fc.assert(fc.asyncProperty(daemonCases, checkDaemon), {
      numRuns: IS_LONG ? 25 : 3,
      // A smaller case would take minutes to find; this one and its seed tell enough.
      endOnFailure: true,
    });
  });
});

describe('a control is caught that', { timeout: LONGEST_MS }, () => {
  test('writes without a look at versions', async () => {
    expect(await caught({ beforeApply: forgetVersions })).toMatch(/stale keys|are gone/);
  });

  test('sends no messages', async () => {
    expect(await caught({ afterApply: loseMessages })).toContain('nobody was told of');
  });

  test('acknowledges what it has read before it is applied', async () => {
    expect(await caught({ acknowledgesEarly: true })).toMatch(/stale keys|are gone|nobody was told of/);
  });

  test('removes what it should write', async () => {
    expect(await caught({ afterApply: removeAll })).toContain('are gone');
  });
});

/** @returns why the property does not hold for a daemon so broken */
async function caught(sabotage: Sabotage): Promise<string> {
  const { failed, errorInstance } = await fc.check(
    fc.asyncProperty(replayCases, (given) => checkReplay(servers, given, sabotage)),
    { numRuns: 3_000, endOnFailure: true },
  );
  expect(failed).toBe(true);
  return errorInstance instanceof Error ? errorInstance.message : '';
}

async function forgetVersions(): Promise<void> {
  const versions = await redis.keys('freshet:version:*');
  if (versions.length > 0) await redis.unlink(versions);
}

async function takeToken(_redis: FailingRedis, { key, value }: LeaderToken): Promise<void> {
  await redis.set(key, value);
}

async function loseMessages(_redis: FailingRedis, { messages }: Batch): Promise<void> {
  const streams = [...messages.values()].map(({ to }) => to.name);
  if (streams.length > 0) await redis.unlink(streams);
}

async function removeAll(_redis: FailingRedis, { keys }: Batch): Promise<void> {
  if (keys.size > 0) await redis.unlink(...keys.keys());
}

const ROW: StoredRow = { id: '1', slug: 'a', grp: '1', status: 'live', price: '3', body: 'L1' };
const PUT = { kind: 'put', table: 0, row: ROW, set: [] } as const;

describe('a leader that is paused when it has read a value, and wakes up when the key is gone', () => {
  const given: ReplayCase = {
    ruleSet: [
      {
        kind: 'refresh',
        table: 0,
        lookup: { shape: [{ column: 'id' }], by: ['id'] },
        form: 'json',
        columns: ['price'],
        always: false,
        isGuarded: false,
        hasCompanion: false,
        massChange: undefined,
      },
    ],
    identities: ['full', 'full'],
    transactions: [[PUT], [priceOf('5')], [priceOf('9')]],
    maxKeys: 100,
    evicts: true,
    steps: [
      { kind: 'commit' },
      { kind: 'apply', early: false },
      { kind: 'fill', which: 0xffff },
      { kind: 'commit' },
      { kind: 'crash', commands: 0, back: 0, isPaused: true },
      { kind: 'evict', which: 0xffff },
      { kind: 'commit' },
      { kind: 'apply', early: false },
      { kind: 'apply', early: false },
      { kind: 'wake', commands: 100 },
    ],
  };

  function priceOf(price: string): Attempt {
    return { ...PUT, row: { ...ROW, price }, set: ['price'] };
  }

  test('stores nothing', async () => {
    await checkReplay(servers, given);
  });

  test('would store it without a look at who leads', async () => {
    const replayed = checkReplay(servers, given, { beforeApply: takeToken });
    await expect(replayed).rejects.toThrow('stale keys');
  });
});

describe('in one batch, with a rule that writes and another that removes the same keys', () => {
  const retire: Attempt = { ...PUT, row: { ...ROW, status: 'dead' }, set: ['status'] };
  const truncate = { kind: 'truncate', table: 0 } as const;

  test.each<[string, RecordSpec['companion'], readonly Attempt[]]>([
    ['a purge takes back what was written before it', 'deletes', [PUT, truncate]],
    ['a delete takes back what was written after a purge', 'state', [truncate, PUT, retire]],
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
    await checkReplay(servers, {
      ruleSet: [record],
      identities: ['full', 'full'],
      transactions: [transaction],
      maxKeys: 100,
      evicts: false,
      steps: [],
    });
  });
});
