import { createClient, createCluster } from '@redis/client';
import { Cluster, Redis } from 'ioredis';
import type { Client, Pool, PoolClient } from 'pg';
import { SuperJSON } from 'superjson';
import { expectTypeOf, test } from 'vitest';
import {
  type Cache,
  canFill,
  createCache,
  fromIoredis,
  fromNodeRedis,
  type KeepOptions,
  lastCommitLsn,
} from '../../../src/client/client.ts';

interface User {
  readonly id: string;
}

declare const cache: Cache;
declare const user: User;

/** Compiled, never run. */
export const compiled = {
  async values() {
    expectTypeOf(await cache.get('k', async () => user)).toEqualTypeOf<User>();
    expectTypeOf(await cache.get('k', () => user)).toEqualTypeOf<User>();
    // Redis cannot tell null from undefined: nothing is undefined.
    expectTypeOf(await cache.get('k', async () => user as User | null)).toEqualTypeOf<User | undefined>();
    expectTypeOf(await cache.get('k', async () => user as User | undefined)).toEqualTypeOf<
      User | undefined
    >();
    expectTypeOf(await cache.get('k', async () => 7)).toEqualTypeOf<number>();
    expectTypeOf(
      await cache.get<User>('k', async ({ key, signal }) => {
        expectTypeOf(key).toEqualTypeOf<string>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        return user;
      }),
    ).toEqualTypeOf<User>();
    expectTypeOf(await cache.bypass(async () => user as User | null)).toEqualTypeOf<User | null>();
  },
  async many() {
    const users = await cache.getMany(['a', 'b'], async (keys) => {
      expectTypeOf(keys).toEqualTypeOf<readonly string[]>();
      return new Map([['a', user as User | null]]);
    });
    expectTypeOf(users).toEqualTypeOf<Map<string, User>>();
  },
  async codecs() {
    const codec = { encode: SuperJSON.stringify, decode: SuperJSON.parse };
    // The loader says what the type is, not the codec.
    const value = await cache.get('k', async () => ({ at: new Date() }), { codec });
    expectTypeOf(value).toEqualTypeOf<{ at: Date }>();
    const own = { encode: (each: User) => each.id, decode: (id: string): User => ({ id }) };
    expectTypeOf(await cache.get('k', async () => user, { codec: own })).toEqualTypeOf<User>();
    // @ts-expect-error a codec of something else
    await cache.get('k', async () => 7, { codec: own });
  },
  options() {
    expectTypeOf<{ ttl: '1h' }>().toExtend<KeepOptions>();
    expectTypeOf<{ ttl: '1 hour' }>().not.toExtend<KeepOptions>();
    createCache({ redis: fromIoredis(new Redis()), defaults: { ttl: '1h', codec: superjsonCodec } });
  },
  drivers() {
    fromIoredis(new Redis());
    fromIoredis(new Cluster([]));
    fromNodeRedis(createClient());
    fromNodeRedis(createClient({ RESP: 3 }));
    fromNodeRedis(createCluster({ rootNodes: [] }));
  },
  async postgres(client: Client, pool: Pool, lent: PoolClient) {
    await Promise.all([canFill(client), canFill(pool), canFill(lent), lastCommitLsn(client)]);
    await cache.get('k', async () => user, { connection: lent });
  },
};

const superjsonCodec = { encode: SuperJSON.stringify, decode: SuperJSON.parse };

test('the types are as above', () => {
  // tsc fails otherwise.
  expectTypeOf(compiled).toBeObject();
});
