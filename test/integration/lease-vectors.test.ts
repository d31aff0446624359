import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import { byEval, byFcall, loadLibrary } from '../support/lease/call-script.ts';
import type { Vectors } from '../support/lease/vector.ts';
import { VectorRunner } from '../support/lease/vector-runner.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';

const { cases } = JSON.parse(
  readFileSync(new URL('../../src/lease/vectors.json', import.meta.url), 'utf8'),
) as Vectors;

let server: LocalRedis;
let redis: Redis;
let hasFunctions: boolean;

beforeAll(async () => {
  server = await LocalRedis.create();
  redis = new Redis(server.url);
  hasFunctions = await loadLibrary(redis);
});

beforeEach(async () => {
  await redis.flushall();
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

describe('the scripts, as the vectors say:', () => {
  test.for(cases)('$name', async (each) => {
    await new VectorRunner(redis, byEval(redis)).run(each);
  });
});

describe('the function library, as the vectors say:', () => {
  test.for(cases)('$name', async (each, { skip }) => {
    skip(!hasFunctions, 'Redis has functions from version 7 on');
    await new VectorRunner(redis, byFcall(redis)).run(each);
  });
});
