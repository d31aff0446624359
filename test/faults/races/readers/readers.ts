import type { Redis } from 'ioredis';
import type { SqlClient } from '../../../support/sql-client.ts';
import type { Version } from '../race-table.ts';

/** Reads the row from the database; slow, so that it may have changed meanwhile. */
export type Load = () => Promise<Version>;

/** `stored` and `refused` are what became of a value that was loaded. */
export type ReadOutcome = 'hit' | 'stored' | 'refused';

/**
 * Reads a key as one caller does: what is right or wrong in how an application uses its cache. Resolves when nothing
 * that it began is on its way to the cache any more.
 */
export type Read = (key: string, load: Load) => Promise<void>;

export interface ReadOptions {
  readonly redis: Redis;
  /** The primary. */
  readonly sql: SqlClient;
  readonly report: (key: string, outcome: ReadOutcome) => void;
}

/** How all readers of a race use the cache, and how to see what they have left in it. */
export interface Readers {
  /** For one process. */
  readonly open: (options: ReadOptions) => Read;
  /** What readers would take for the truth, by key; undefined where they would load. */
  readonly cached: (redis: Redis, keys: readonly string[]) => Promise<readonly (Version | undefined)[]>;
}
