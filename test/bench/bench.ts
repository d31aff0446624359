import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { SqlClient } from '../support/sql-client.ts';
import { compareDrains } from './compare-drains.ts';
import { measureLatency } from './latency.ts';
import { quantile } from './quantile.ts';
import { compareStampedes } from './stampede/compare-stampedes.ts';

/**
 * `npm run bench`: all cases; `npm run bench -- stampede` one of them. Each has servers of its own.
 *
 *     latency    how long a key outlives its commit on an idle machine
 *     drain      how fast the daemon drains a backlog, beside pg_recvlogical
 *     stampede   what becomes of a hot key that is invalidated all the time, beside BentoCache and cacheable
 */
const CASES: Readonly<Record<string, (servers: Servers) => Promise<void>>> = {
  latency: async ({ postgres, sql, redis }) => {
    const latencies = await measureLatency(sql, postgres.url, redis.url);
    const [median, p99] = [0.5, 0.99].map((share) => quantile(latencies, share).toFixed(2));
    console.log(
      `commit to key gone, idle: median ${median} ms, p99 ${p99} ms (${latencies.length} commits)\n`,
    );
  },
  drain: ({ postgres, sql, redis }) => compareDrains(postgres, sql, redis.url, pairsOr(3)),
  stampede: async ({ postgres, sql, redis }) => {
    const isProved = await compareStampedes(sql, postgres.url, redis.url, {
      rounds: pairsOr(2),
      seconds: Number(process.env['FRESHET_BENCH_SECONDS'] ?? 10),
    });
    if (!isProved) process.exitCode = 1;
  },
};

interface Servers {
  readonly postgres: LocalPostgres;
  readonly redis: LocalRedis;
  readonly sql: SqlClient;
}

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CASES);
for (const name of chosen) {
  const run = CASES[name];
  if (run === undefined) throw new Error(`no case ${name}: choose of ${Object.keys(CASES).join(', ')}`);
  await using postgres = await LocalPostgres.create({
    settings: {
      // Nothing else may write WAL or rest while it is read.
      max_wal_size: '8GB',
      shared_buffers: '1GB',
      autovacuum: false,
      checkpoint_timeout: '1h',
      max_connections: 200,
    },
  });
  await using redis = await LocalRedis.create();
  await using sql = await SqlClient.open(postgres.url);
  await run({ postgres, redis, sql });
}

/** How often each side has its turn. */
function pairsOr(otherwise: number): number {
  return Number(process.env['FRESHET_BENCH_PAIRS'] ?? otherwise);
}
