import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RetryableError } from '../../../src/domain/errors.ts';
import type { Log } from '../../../src/domain/log.ts';
import { toLsn } from '../../../src/domain/lsn.ts';
import type { Beat } from '../../../src/pipeline/redis/heartbeat-writer.ts';
import { Heartbeat } from '../../../src/session/heartbeat.ts';

let walEnd: bigint | 'away';
let written: (Beat & { readonly lagMs: number | undefined })[];
let redisIsAway: boolean;
let nowMs: number;
let lines: string[];
let over: AbortController;
let heartbeat: Heartbeat;
let ended: Promise<unknown>;

beforeEach(() => {
  [walEnd, written, redisIsAway, nowMs, lines] = [100n, [], false, 0, []];
  over = new AbortController();
  const write = (_fields: object, message: string) => void lines.push(message);
  const log: Log = { info: write, warn: write, error: write };
  heartbeat = new Heartbeat({
    primary: {
      walEnd: async () => {
        if (walEnd === 'away') throw new RetryableError('away');
        return toLsn(walEnd);
      },
    },
    writer: {
      write: async (beat) => {
        if (redisIsAway) throw new RetryableError('away');
        written.push({ ...beat, lagMs: heartbeat.lagMs });
      },
    },
    log,
    nowMs: () => nowMs,
  });
  ended = heartbeat.run(over.signal).catch((error: unknown) => error);
});

afterEach(async () => {
  over.abort();
  expect(await ended).toMatchObject({ name: 'AbortError' });
});

test('nothing is claimed before something is proven', async () => {
  heartbeat.settled(toLsn(99n));
  await vi.waitFor(() => expect(heartbeat.lagMs).toBeUndefined());
  expect(written).toEqual([]);
  nowMs = 700;
  heartbeat.settled(toLsn(100n));
  await vi.waitFor(() => expect(written).toEqual([{ position: 100n, provenMs: 0, lagMs: 700 }]));
});

test('what is settled quickly is told in few writes, and the last of it is told', async () => {
  heartbeat.settled(toLsn(100n));
  await vi.waitFor(() => expect(written).toHaveLength(1));
  const startedMs = performance.now();
  for (let position = 101n; position <= 1_000n; position++) heartbeat.settled(toLsn(position));
  await vi.waitFor(() => expect(written.at(-1)?.position).toBe(1_000n));
  const elapsedMs = performance.now() - startedMs;
  expect(written.length).toBeLessThanOrEqual(2 + elapsedMs / 50);
});

test('it goes on each second although nothing is settled', async () => {
  heartbeat.settled(toLsn(100n));
  await vi.waitFor(() => expect(written).toHaveLength(1));
  nowMs = 1_000;
  await vi.waitFor(() => expect(written.at(-1)?.provenMs).toBe(1_000), { timeout: 5_000 });
});

test('Postgres that cannot be asked proves nothing more; what was proven gets older', async () => {
  heartbeat.settled(toLsn(100n));
  await vi.waitFor(() => expect(written).toHaveLength(1));
  walEnd = 'away';
  nowMs = 30_000;
  await vi.waitFor(() => expect(lines).toHaveLength(1), { timeout: 5_000 });
  expect(written).toHaveLength(1);
  expect(heartbeat.lagMs).toBe(30_000);

  walEnd = 100n;
  await vi.waitFor(() => expect(written.at(-1)?.provenMs).toBe(30_000), { timeout: 5_000 });
  expect(lines).toHaveLength(2);
});

test('Redis that refuses is tried again, and reported once', async () => {
  redisIsAway = true;
  heartbeat.settled(toLsn(100n));
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  heartbeat.settled(toLsn(101n));
  redisIsAway = false;
  await vi.waitFor(() => expect(written.at(-1)?.position).toBe(101n), { timeout: 5_000 });
  expect(lines).toEqual([expect.stringContaining('fails'), expect.stringContaining('works again')]);
});
