import type { TestProject } from 'vitest/node';
import { providePostgres } from './provide-postgres.ts';
import { provideRedis } from './provide-redis.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    redisUrl: string;
  }
}

/** Starts the shared servers once a run; vitest calls what it returns at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using servers = new AsyncDisposableStack();
  const postgres = servers.use(await providePostgres());
  const redis = servers.use(await provideRedis());
  project.provide('postgresUrl', postgres.url);
  project.provide('redisUrl', redis.url);
  process.stderr.write(`servers for the tests: Postgres (${postgres.origin}), Redis (${redis.origin})\n`);
  const running = servers.move();
  return () => running.disposeAsync();
}
