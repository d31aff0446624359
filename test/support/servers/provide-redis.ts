import { answersPing, LocalRedis } from '../redis/local-redis.ts';
import { waitFor } from '../wait-for.ts';
import { startContainer } from './container.ts';
import { environmentServer, type ProvidedServer } from './provided-server.ts';
import { readTestEnvironment } from './test-environment.ts';

/** The environment's Redis, else a container's, else a redis-server of this machine. */
export async function provideRedis(): Promise<ProvidedServer> {
  const { redisUrl } = readTestEnvironment();
  if (redisUrl !== undefined) {
    await answersPing(redisUrl).catch((cause: unknown) => {
      throw new Error('FRESHET_TEST_REDIS_URL: no answer from it', { cause });
    });
    return environmentServer(redisUrl);
  }
  return (await containerRedis()) ?? localRedis();
}

async function containerRedis(): Promise<ProvidedServer | undefined> {
  const container = await startContainer({
    image: 'redis:7',
    port: 6379,
    command: ['redis-server', '--save', '', '--appendonly', 'no'],
    url: (host, port) => `redis://${host}:${port}`,
  });
  if (container === undefined) return undefined;
  await waitFor(() => answersPing(container.url), { what: 'Redis in its container to answer' });
  return container;
}

async function localRedis(): Promise<ProvidedServer> {
  const server = await LocalRedis.create();
  return {
    url: server.url,
    origin: 'local',
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
