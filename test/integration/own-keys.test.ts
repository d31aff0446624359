import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { toLsn } from '../../src/domain/lsn.ts';
import { HeartbeatWriter } from '../../src/pipeline/redis/heartbeat-writer.ts';
import { KeptText } from '../../src/pipeline/redis/kept-text.ts';
import { LeaderToken } from '../../src/pipeline/redis/leader-token.ts';
import { SourceMarker } from '../../src/pipeline/redis/source-marker.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { RedisKeys } from './redis-keys.ts';

const SLOT = 'shop';
const SOURCE = { systemId: '7300000000000000001', timeline: 1, epoch: 1_700_000_000 };
const MONTH_SECONDS = 30 * 24 * 3600;

let server: LocalRedis;
let keys: RedisKeys;

beforeAll(async () => {
  server = await LocalRedis.create({ settings: { 'maxmemory-policy': 'noeviction' } });
  keys = new RedisKeys(server.url);
});

beforeEach(async () => {
  await keys.redis.config('SET', 'maxmemory', '0');
  await keys.redis.flushall();
});

afterAll(async () => {
  await keys[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What a session writes beside the keys, and renews. */
function own() {
  const { redis } = keys;
  const leader = new LeaderToken(redis, SLOT);
  return {
    marker: new SourceMarker(redis, SLOT),
    leader,
    catalog: new KeptText(redis, leader, SLOT, 'catalog'),
    heartbeat: new HeartbeatWriter(redis, SLOT),
  };
}

async function writeAll({ marker, leader, catalog, heartbeat }: ReturnType<typeof own>): Promise<void> {
  await leader.look();
  await leader.claim();
  await marker.write(SOURCE);
  await catalog.write('{}');
  await heartbeat.write({ position: toLsn(7n), provenMs: performance.now() });
}

describe.for([
  ['that holds nothing of it yet', async () => {}],
  ['that a session has written to before', () => writeAll(own())],
] as const)('a Redis that is full, and evicts nothing, %s', ([, before]) => {
  test('takes what a session writes down', async () => {
    await before();
    await keys.redis.config('SET', 'maxmemory', '1');
    const session = own();
    await writeAll(session);
    expect(await session.marker.read()).toEqual(SOURCE);
    expect(await session.catalog.read()).toBe('{}');
    expect(await keys.contents('freshet:{shop}:')).toMatchObject({
      leader: session.leader.value,
      heartbeat: { position: '0/7' },
    });
  });
});

test('what a session renews begins its life anew, and is written again where it was evicted', async () => {
  const { redis } = keys;
  const session = own();
  await writeAll(session);
  const { marker, leader, catalog } = session;
  const renew = () => Promise.all([leader.renew(), marker.write(SOURCE), catalog.renew()]);
  const names = [leader.key, marker.key, 'freshet:{shop}:catalog'];
  for (const name of names) await redis.expire(name, 60);
  await renew();
  for (const name of names) expect(await redis.ttl(name), name).toBe(MONTH_SECONDS);

  await redis.del(marker.key, 'freshet:{shop}:catalog');
  await renew();
  expect(await marker.read()).toEqual(SOURCE);
  expect(await redis.get('freshet:{shop}:catalog')).toBe('{}');
});

test('a text that was found is renewed as one that was written; none is where there was none', async () => {
  await own().catalog.write('{}');
  const { catalog } = own();
  await catalog.renew();
  await catalog.read();
  await keys.redis.flushall();
  await catalog.renew();
  expect(await catalog.read()).toBe('{}');
});

test('a former leader writes no text over that of its successor', async () => {
  const [former, successor] = [own(), own()];
  await writeAll(former);
  await writeAll(successor);
  await former.catalog.write('old');
  expect(await successor.catalog.read()).toBe('{}');
  await successor.catalog.write('new');
  expect(await former.catalog.read()).toBe('new');
});
