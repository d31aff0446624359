import { Redis } from 'ioredis';
import { DaemonProcess } from '../support/daemon-process.ts';
import type { SqlClient } from '../support/sql-client.ts';

const ROUNDS = 200;

const RULES = `
apiVersion: freshet.dev/v1
kind: CacheRule
metadata: {name: single}
spec:
  table: public.single
  keys: ['single:\${id}']
`;

/** Milliseconds from the reply to COMMIT to the key being gone, on an idle daemon; sorted. */
export async function measureLatency(
  sql: SqlClient,
  postgresUrl: string,
  redisUrl: string,
): Promise<number[]> {
  await sql.rows(
    'CREATE TABLE single (id int PRIMARY KEY, n int NOT NULL); INSERT INTO single VALUES (1, 0)',
  );
  await using daemon = await DaemonProcess.start({
    postgresUrl,
    redisUrl,
    slot: 'bench_latency',
    publication: 'bench_latency',
    rules: RULES,
    settings: { 'postgres.createMissing': true },
  });
  const redis = new Redis(redisUrl);
  const samples: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await redis.set('single:1', 'cached');
      await sql.rows('UPDATE single SET n = n + 1 WHERE id = 1');
      const committed = performance.now();
      while ((await redis.exists('single:1')) === 1) {
        if (performance.now() - committed > 10_000) throw new Error('the key stays');
      }
      samples.push(performance.now() - committed);
    }
  } finally {
    redis.disconnect();
  }
  await daemon.stop();
  return samples.toSorted((a, b) => a - b);
}
