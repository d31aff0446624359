import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.ts';
import { IS_LONG } from '../faults/test-length.ts';
import { checkDaemon, daemonCases } from '../support/history/daemon-case.ts';
import type { FailingRedis } from '../support/history/failing-redis.ts';
import type { Sabotage } from '../support/history/replay.ts';
import { checkReplay, replayCases } from '../support/history/replay-case.ts';
import { ReplayServers } from '../support/history/replay-servers.ts';

const LONGEST_MS = 1_800_000;

let servers: ReplayServers;

beforeAll(async () => {
  servers = await ReplayServers.open();
});

afterAll(() => servers[Symbol.asyncDispose]());

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

async function forgetVersions(redis: FailingRedis): Promise<void> {
  const versions = await redis.keys('freshet:version:*');
  if (versions.length > 0) await redis.unlink(versions);
}

async function loseMessages(redis: FailingRedis, { messages }: Batch): Promise<void> {
  const streams = [...messages.values()].map(({ to }) => to.name);
  if (streams.length > 0) await redis.unlink(streams);
}

async function removeAll(redis: FailingRedis, { keys }: Batch): Promise<void> {
  if (keys.size > 0) await redis.unlink(...keys.keys());
}
