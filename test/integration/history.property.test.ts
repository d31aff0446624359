import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.ts';
import { IS_LONG } from '../faults/test-length.ts';
import { checkDaemon, daemonCases } from '../support/history/daemon-case.ts';
import { FailingRedis } from '../support/history/failing-redis.ts';
import type { Attempt } from '../support/history/history.ts';
import type { RecordSpec } from '../support/history/record-view.ts';
import type { Sabotage } from '../support/history/replay.ts';
import { checkReplay, replayCases } from '../support/history/replay-case.ts';
import type { StoredRow } from '../support/history/stored-row.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';

const LONGEST_MS = 600_000;

let server: LocalRedis;
let redis: FailingRedis;

beforeAll(async () => {
  server = await LocalRedis.create();
  redis = new FailingRedis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

describe('whatever the rules and the history, Redis ends as the tables say', { timeout: LONGEST_MS }, () => {
  test('through crashes at any command and redelivery from anywhere before', async () => {
    await fc.assert(
      fc.asyncProperty(replayCases, (given) => checkReplay(redis, given)),
      { numRuns: IS_LONG ? 20_000 : 800 },
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
    expect(await caught({ beforeApply: forgetVersions })).toContain('stale keys');
  });

  test('acknowledges what it has read before it is applied', async () => {
    expect(await caught({ acknowledgesEarly: true })).toContain('stale keys');
  });

  test('removes what it should write', async () => {
    expect(await caught({ afterApply: removeAll })).toContain('are gone');
  });
});

/** @returns why the property does not hold for a daemon so broken */
async function caught(sabotage: Sabotage): Promise<string> {
  const { failed, errorInstance } = await fc.check(
    fc.asyncProperty(replayCases, (given) => checkReplay(redis, given, sabotage)),
    { numRuns: 3_000, endOnFailure: true },
  );
  expect(failed).toBe(true);
  return errorInstance instanceof Error ? errorInstance.message : '';
}

async function forgetVersions(): Promise<void> {
  const versions = await redis.keys('freshet:version:*');
  if (versions.length > 0) await redis.unlink(versions);
}

async function removeAll(_redis: FailingRedis, { keys }: Batch): Promise<void> {
  if (keys.size > 0) await redis.unlink(...keys.keys());
}

describe('in one batch, with a rule that writes and another that removes the same keys', () => {
  const row: StoredRow = { id: '1', slug: 'a', grp: '1', status: 'live', price: '3', body: 'L1' };
  const put = { kind: 'put', table: 0, row, set: [] } as const;
  const retire: Attempt = { ...put, row: { ...row, status: 'dead' }, set: ['status'] };
  const truncate = { kind: 'truncate', table: 0 } as const;

  test.each<[string, RecordSpec['companion'], readonly Attempt[]]>([
    ['a purge takes back what was written before it', 'deletes', [put, truncate]],
    ['a delete takes back what was written after a purge', 'state', [truncate, put, retire]],
  ])('%s', async (_what, companion, transaction) => {
    const record: RecordSpec = {
      table: 0,
      shape: [{ column: 'id' }],
      form: 'json',
      columns: null,
      isGuarded: false,
      companion,
      massChange: undefined,
    };
    await checkReplay(redis, {
      ruleSet: { lists: [], records: [record] },
      identities: ['full', 'full'],
      transactions: [transaction],
      maxKeys: 100,
      evicts: false,
      steps: [],
    });
  });
});
