/** What a reader process is started with, as JSON. */
export interface ReaderOptions {
  /** Name of one of the contenders. */
  readonly contender: string;
  readonly redisUrl: string;
  readonly postgresUrl: string;
  readonly readersPerProcess: number;
  /** Between two reads of one reader: evenly distributed from half of it to one and a half. */
  readonly meanPauseMs: number;
}

/** What it is told. It answers each with what came of it: `done`, and `figures` in the end. */
export type ReaderCommand = 'read' | 'record' | 'settle' | 'finish';

export type ReaderAnswer = { readonly kind: 'done' } | ({ readonly kind: 'figures' } & ReaderFigures);

export interface ReaderFigures {
  /** Of every read that began between `record` and `settle`. */
  readonly latenciesMs: Float64Array;
  /** Calls of the loader since `record`. */
  readonly loads: number;
  readonly failures: readonly string[];
  /** By version: when the last read began that returned it; since `record`, by the clock of `monotonicMs`. */
  readonly lastReadMs: ReadonlyMap<number, number>;
  /** What a read returns after all is quiet. */
  readonly finalVersion: number;
  /** What the cache itself has counted since `record`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** One clock for all processes of a machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
