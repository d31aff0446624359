import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { RetryableError } from '../../src/domain/errors.ts';
import { parseLsn } from '../../src/domain/lsn.ts';
import { HeartbeatWriter } from '../../src/pipeline/redis/heartbeat-writer.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { waitFor } from '../support/wait-for.ts';

let server: LocalRedis;
let redis: Redis;
let writer: HeartbeatWriter;

beforeAll(async () => {
  server = await LocalRedis.create();
});

beforeEach(() => {
  redis = new Redis(server.url);
  writer = new HeartbeatWriter(redis, 'shop');
  return () => redis.disconnect();
});

afterAll(() => server[Symbol.asyncDispose]());

const position = parseLsn('16/B374D848');

async function read() {
  const { lagMs, atMs, ...rest } = await redis.hgetall('freshet:{shop}:heartbeat');
  return { lagMs: Number(lagMs), atMs: Number(atMs), rest };
}

test('it writes position, lag and the time of Redis, for a day', async () => {
  const before = await redisMs();
  const startedMs = performance.now();
  await writer.write({ position, provenMs: startedMs - 700 });
  const tookMs = performance.now() - startedMs;
  const { lagMs, atMs, rest } = await read();
  expect(rest).toEqual({ position: '16/B374D848' });
  expect(atMs).toBeGreaterThanOrEqual(before);
  expect(atMs).toBeLessThanOrEqual(await redisMs());
  // What was proven 700 ms before is that old at least. What Redis' clock needed to get here counts twice, and is a
  // part of what the write took.
  expect(lagMs).toBeGreaterThanOrEqual(700);
  expect(lagMs).toBeLessThanOrEqual(700 + 2 * tookMs + 2);
  expect(await redis.pttl(writer.key)).toBeGreaterThan(86_390_000);
  expect(await redis.pttl(writer.key)).toBeLessThanOrEqual(86_400_000);
});

test('a write that Redis carries out late tells how old it has become', async () => {
  await writer.write({ position, provenMs: performance.now() });
  server.freeze();
  const startedMs = performance.now();
  const writing = writer.write({ position, provenMs: startedMs });
  await waitFor(() => performance.now() - startedMs > 1_500, { what: 'the write to get old' });
  server.thaw();
  await writing;
  expect((await read()).lagMs).toBeGreaterThanOrEqual(1_500);
});

test('a refusal is told, and the next write is as exact as the first', async () => {
  await redis.set(writer.key, 'a text');
  await expect(writer.write({ position, provenMs: performance.now() })).rejects.toThrow(RetryableError);
  await redis.del(writer.key);
  await writer.write({ position, provenMs: performance.now() - 300 });
  expect((await read()).lagMs).toBeGreaterThanOrEqual(300);
});

async function redisMs(): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
