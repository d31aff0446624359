import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { type Contender, HOT_KEY } from './contender.ts';

const KEPT = { ttl: '1h' };
/** Serves what was expired, and lets one load behind the readers' backs: what its documentation calls SWR. */
const GRACED = { ttl: '1h', grace: '6h', timeout: 0 };

type Options = typeof KEPT | typeof GRACED;

/** Its stampede protection needs no option; over several processes it advises memory, Redis and a bus between them. */
function bentocache(name: string, openStore: (redisUrl: string) => Store, options: Options): Contender {
  return {
    name,
    open: (redisUrl) => {
      const bento = new BentoCache({ default: 'hot', stores: { hot: openStore(redisUrl) } });
      return {
        read: (load) => bento.getOrSet({ key: HOT_KEY, factory: load, ...options }),
        invalidate: async () => {
          if ('grace' in options) await bento.expire({ key: HOT_KEY });
          else await bento.delete({ key: HOT_KEY });
        },
        close: () => bento.disconnectAll(),
      };
    },
  };
}

type Store = ReturnType<typeof bentostore>;

function redisOnly(redisUrl: string): Store {
  return bentostore().useL2Layer(redisDriver({ connection: connectionOf(redisUrl) }));
}

function twoLayers(redisUrl: string): Store {
  const connection = connectionOf(redisUrl);
  return bentostore()
    .useL1Layer(memoryDriver({ maxItems: 1_000 }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }));
}

function connectionOf(redisUrl: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(redisUrl);
  return { host: hostname, port: Number(port) };
}

export const BENTO_TWO_LAYERS = bentocache('BentoCache, memory + Redis + bus', twoLayers, KEPT);
export const BENTO_GRACED = bentocache('BentoCache, the same with grace', twoLayers, GRACED);
export const BENTO_REDIS = bentocache('BentoCache, Redis only', redisOnly, KEPT);
