import type { Contradiction } from './compare-keys.ts';
import type { ReadOutcome } from './readers/readers.ts';

/** Of a key, and how it came to be so. */
export interface StaleKey extends Contradiction {
  readonly round: number;
  readonly events: readonly string[];
}

/** What the rounds of a race came to. */
export interface RaceTally {
  readonly seed: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Cached keys at the ends of the rounds. */
  readonly compared: number;
  readonly stale: readonly StaleKey[];
  readonly reads: Readonly<Record<ReadOutcome, number>>;
  readonly evictions: number;
  readonly kills: number;
}

export function describeTally(tally: RaceTally): string {
  const { rounds, seconds, compared, stale, reads, evictions, kills, seed } = tally;
  return (
    `${rounds} rounds in ${seconds.toFixed(1)} s: ${stale.length} of ${compared} keys stale; ` +
    `${reads.stored} fills stored, ${reads.refused} refused; ` +
    `${reads.hit} hits, ${evictions} evictions, ${kills} kills; seed ${seed}`
  );
}

export function describeStaleKey({ key, cached, database, round, events }: StaleKey): string {
  const what = `${key} is cached as ${cached}, the database has ${database} (round ${round})`;
  return [what, ...events].join('\n    ');
}
