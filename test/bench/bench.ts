import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LocalPostgres } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { SqlClient } from '../support/sql-client.ts';
import { Drain, type DrainCase, type Drained, ONE_RULE, ROWS, TEN_RULES } from './drain.ts';
import { measureLatency } from './latency.ts';

/**
 * `npm run bench`: how fast the daemon drains a backlog, beside Postgres' own pg_recvlogical on the same WAL in the
 * same run, and how long a key outlives its commit on an idle machine. Runs alternate; medians are quoted.
 */
const PAIRS = Number(process.env['FRESHET_BENCH_PAIRS'] ?? 3);

await using postgres = await LocalPostgres.create({
  // Nothing else may write WAL or rest while it is read.
  settings: { max_wal_size: '8GB', shared_buffers: '1GB', autovacuum: false, checkpoint_timeout: '1h' },
});
await using redis = await LocalRedis.create();
await using sql = await SqlClient.open(postgres.url);

const latencies = await measureLatency(sql, postgres.url, redis.url);
console.log(
  `commit to key gone, idle: median ${at(latencies, 0.5).toFixed(2)} ms, p99 ${at(latencies, 0.99).toFixed(2)} ms (${latencies.length} commits)\n`,
);

const drain = await Drain.prepare(postgres, sql, redis.url);
const recvlogical = findProgram('pg_recvlogical');
for (const drainCase of [ONE_RULE, TEN_RULES]) await compare(drainCase);

async function compare(drainCase: DrainCase): Promise<void> {
  console.log(`${ROWS.toLocaleString('en')} updated rows, 100 a transaction; ${drainCase.name}:`);
  const baseline: Drained[] = [];
  const freshet: Drained[] = [];
  for (let pair = 1; pair <= PAIRS; pair++) {
    if (recvlogical !== undefined)
      baseline.push(print('pg_recvlogical', await drain.byRecvlogical(recvlogical)));
    freshet.push(print('freshet', await drain.byFreshet(drainCase)));
  }
  const own = median(freshet);
  const peak = Math.max(...freshet.map((run) => run.peakMib)).toFixed(0);
  console.log(`  median          freshet ${perSecond(own)} rows/s, peak RSS ${peak} MiB`);
  if (recvlogical === undefined) {
    console.log(
      '                  pg_recvlogical not measured: not in PATH (Debian: apt-get install postgresql-client)\n',
    );
    return;
  }
  const other = median(baseline);
  console.log(
    `                  pg_recvlogical ${perSecond(other)} rows/s; freshet is ${(other / own).toFixed(2)} times as fast\n`,
  );
}

function print(name: string, run: Drained): Drained {
  const { seconds, cpuSeconds, peakMib } = run;
  console.log(
    `  ${name.padEnd(15)}${perSecond(seconds)} rows/s  ${seconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s, peak RSS ${peakMib.toFixed(0)} MiB`,
  );
  return run;
}

function perSecond(seconds: number): string {
  return Math.round(ROWS / seconds).toLocaleString('en');
}

function median(runs: readonly Drained[]): number {
  return at(
    runs.map((run) => run.seconds).toSorted((a, b) => a - b),
    0.5,
  );
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
