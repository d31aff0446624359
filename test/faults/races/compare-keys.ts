import type { Redis } from 'ioredis';
import type { RaceTable, Version } from './race-table.ts';
import type { Readers } from './readers/readers.ts';

export interface Contradiction {
  readonly key: string;
  readonly cached: Version;
  readonly database: Version;
}

export interface Comparison {
  /** How many keys are cached. */
  readonly compared: number;
  /** Those that say something else than the database. */
  readonly stale: readonly Contradiction[];
}

/** For moments when nobody writes and nothing is on its way. */
export async function compareKeys(table: RaceTable, { cached }: Readers, redis: Redis): Promise<Comparison> {
  const truth = [...(await table.versions())].map(([id, database]) => ({ key: table.key(id), database }));
  const keys = truth.map(({ key }) => key);
  const values = await cached(redis, keys);
  const stale = truth.flatMap(({ key, database }, index) => {
    const value = values[index];
    return value === undefined || value === database ? [] : { key, cached: value, database };
  });
  return { compared: values.filter((value) => value !== undefined).length, stale };
}
