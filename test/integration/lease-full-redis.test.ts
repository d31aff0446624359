import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { byEval, byFcall, loadLibrary, type ScriptName } from '../support/lease/call-script.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';

/** No memory left, and a policy that evicts nothing: what the protocol does then, by src/lease/README.md. */
let server: LocalRedis;
let redis: Redis;
let hasFunctions: boolean;

beforeAll(async () => {
  server = await LocalRedis.create({ settings: { 'maxmemory-policy': 'noeviction' } });
  redis = new Redis(server.url);
  hasFunctions = await loadLibrary(redis);
});

beforeEach(async () => {
  await redis.config('SET', 'maxmemory', '0');
  await redis.flushall();
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

async function fill(): Promise<void> {
  await redis.config('SET', 'maxmemory', '1');
}

describe.for([
  ['EVAL', byEval],
  ['FCALL', byFcall],
] as const)('%s', ([how, caller]) => {
  async function call(name: ScriptName, key: string, ...args: readonly string[]): Promise<unknown> {
    const reply = await caller(redis)(name, key, args);
    return Array.isArray(reply) ? reply.map(toText) : toText(reply);
  }

  /** @returns the token */
  async function lease(key: string): Promise<string> {
    const [, token] = (await call('get', key, 'nonce', '30000', '0')) as readonly string[];
    return token ?? '';
  }

  async function store(key: string, freshMs: number): Promise<void> {
    await call('set', key, await lease(key), String(freshMs), '60000', '1000', 'value');
  }

  beforeEach(({ skip }) => {
    skip(how === 'FCALL' && !hasFunctions, 'Redis has functions from version 7 on');
  });

  test('what is cached is served', async () => {
    await store('fresh', 30_000);
    await store('stale', 0);
    await fill();
    expect(await call('get', 'fresh', 'nonce', '30000', '0')).toEqual(['fresh', null, 'value']);
    expect(await call('get', 'fresh', 'nonce', '30000', '1000')).toMatchObject({ 0: 'fresh', 2: 'value' });
    expect(await call('get', 'stale', 'nonce', '30000', '0')).toMatchObject({ 0: 'stale', 2: 'value' });
  });

  test('a change still takes effect', async () => {
    await store('key', 30_000);
    const token = await lease('not cached');
    await fill();
    expect(await call('stale', 'key', '5000')).toBe(1);
    expect(await redis.hget('key', 'f')).toBe('0');
    expect(await redis.pttl('key')).toBeLessThanOrEqual(5_000);
    expect(await call('stale', 'not cached', '5000')).toBe(0);
    await call('set', 'not cached', token, '1000', '1000', '0', 'old').catch(() => {});
    expect(await redis.exists('not cached')).toBe(0);
  });

  test('a lease is given back', async () => {
    const token = await lease('key');
    await fill();
    expect(await call('release', 'key', token)).toBe(1);
    expect(await redis.exists('key')).toBe(0);
  });

  test('a tag takes no more members', async () => {
    await fill();
    await expect(call('tag', 'tag', 'key', '1000')).rejects.toThrow('OOM');
  });

  test('what is not cached is not cached then either', async () => {
    await fill();
    const outcome = await call('get', 'key', 'nonce', '30000', '0').catch(String);
    // A script is refused its lease; a function its fill.
    if (how === 'EVAL') return expect(outcome).toContain('OOM');
    const [, token] = outcome as readonly string[];
    await expect(call('set', 'key', token ?? '', '1000', '1000', '0', 'value')).rejects.toThrow('OOM');
  });
});

function toText(part: unknown): unknown {
  return Buffer.isBuffer(part) ? part.toString() : part;
}
