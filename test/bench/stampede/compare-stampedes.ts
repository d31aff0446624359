import type { SqlClient } from '../../support/sql-client.ts';
import { CONTENDERS } from './contenders.ts';
import { addFigures, type Figures } from './figures.ts';
import { formatRow, HEAD, LEGEND } from './format-row.ts';
import { createHotRow } from './hot-row.ts';
import { type Course, measureContender } from './measure-contender.ts';

const CROWD = {
  processes: 4,
  readersPerProcess: 2_500,
  /** Ten thousand reads a second, which two cores carry beside Postgres, Redis, the writer and the daemon. */
  meanPauseMs: 1_000,
  invalidationsPerSecond: 10,
};

/**
 * How often a hot key is loaded that is invalidated all the time, and what its readers notice of it. All contenders do
 * the same in turn, round after round; the figures of the rounds are added up.
 *
 * @returns whether readers with Freshet's client have loaded it at most once an invalidation
 */
export async function compareStampedes(
  sql: SqlClient,
  postgresUrl: string,
  redisUrl: string,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<boolean> {
  const { processes, readersPerProcess, meanPauseMs, invalidationsPerSecond } = CROWD;
  console.log(
    `${(processes * readersPerProcess).toLocaleString('en')} readers in ${processes} processes: each reads one key, pauses for ${meanPauseMs} ms ± 50%, and reads again.\n` +
      `Its row changes ${invalidationsPerSecond} times a second; to load it takes a query of 20 ms. ${seconds} s a round, in turn.`,
  );
  await createHotRow(sql);
  const course: Course = { ...CROWD, postgresUrl, redisUrl, seconds };
  const sums = new Map<string, Figures>();
  for (let round = 1; round <= rounds; round++) {
    console.log(`\nround ${round}${HEAD}`);
    for (const contender of CONTENDERS) {
      const figures = await measureContender(contender, course);
      console.log(formatRow(contender.name, figures));
      const before = sums.get(contender.name);
      sums.set(contender.name, before === undefined ? figures : addFigures(before, figures));
    }
  }
  console.log(`\nall    ${HEAD}`);
  for (const [name, sum] of sums) console.log(formatRow(name, sum));
  console.log(`\n${LEGEND}\n`);
  for (const [name, { failures }] of sums)
    for (const failure of failures) console.log(`  ${name}: a read failed ${failure}`);
  return CONTENDERS.filter(({ action }) => action !== undefined)
    .map(({ name }) => isOneEach(name, sums.get(name)))
    .every(Boolean);
}

/** At most one: where another invalidation comes before anybody has read, one load is for both. */
function isOneEach(name: string, figures: Figures | undefined): boolean {
  if (figures === undefined) return false;
  const { invalidations, loads, bypasses } = figures;
  const isProved = loads <= invalidations;
  console.log(
    `  ${name}: ${loads} loads for ${invalidations} invalidations, ` +
      (isProved ? 'at most one each.' : `MORE THAN ONE EACH; ${bypasses} reads went around the cache.`),
  );
  return isProved;
}
