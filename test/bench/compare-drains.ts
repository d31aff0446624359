import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LocalPostgres } from '../support/postgres/local-postgres.ts';
import type { SqlClient } from '../support/sql-client.ts';
import { Drain, type DrainCase, type Drained, ONE_RULE, ROWS, TEN_RULES } from './drain.ts';
import { quantile } from './quantile.ts';

/**
 * How fast the daemon drains a backlog, beside Postgres' own pg_recvlogical on the same WAL in the same run. Runs
 * alternate; medians are quoted.
 */
export async function compareDrains(
  postgres: LocalPostgres,
  sql: SqlClient,
  redisUrl: string,
  pairs: number,
): Promise<void> {
  const drain = await Drain.prepare(postgres, sql, redisUrl);
  const recvlogical = findProgram('pg_recvlogical');
  for (const drainCase of [ONE_RULE, TEN_RULES]) await compare(drain, drainCase, pairs, recvlogical);
}

async function compare(
  drain: Drain,
  drainCase: DrainCase,
  pairs: number,
  recvlogical: string | undefined,
): Promise<void> {
  console.log(`${ROWS.toLocaleString('en')} updated rows, 100 a transaction; ${drainCase.name}:`);
  const baseline: Drained[] = [];
  const freshet: Drained[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
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
  const sorted = runs.map((run) => run.seconds).toSorted((a, b) => a - b);
  return quantile(sorted, 0.5);
}

function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
