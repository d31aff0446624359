import type { ReaderFigures } from './reader-messages.ts';
import type { Commits } from './write-often.ts';

/** What came of one run, or of several together. */
export interface Figures {
  readonly seconds: number;
  readonly commits: number;
  /** How often the key was invalidated: by the daemon twice where a commit was not visible yet. */
  readonly invalidations: number;
  readonly loads: number;
  /** Loads of Freshet's client that went around the cache: it says when it does. */
  readonly bypasses: number;
  /** Ascending. */
  readonly latenciesMs: Float64Array;
  /** Of the readers, to the database, open at once. */
  readonly peakConnections: number;
  /** The longest after a commit that a read has begun which returned the value before it. */
  readonly oldestMs: number;
  /** Processes that were there in the end, and those of them that read an old value although all was quiet. */
  readonly processes: number;
  readonly staleProcesses: number;
  readonly failures: readonly string[];
}

type OfReaders = Omit<Figures, 'seconds' | 'invalidations' | 'peakConnections'>;

export function summarize(figures: readonly ReaderFigures[], commits: Commits): OfReaders {
  const lastVersion = Math.max(...commits.keys());
  const ages = figures.flatMap(({ lastReadMs }) =>
    [...lastReadMs].map(([version, readMs]) => readMs - (commits.get(version + 1) ?? readMs)),
  );
  return {
    commits: commits.size,
    loads: figures.reduce((sum, { loads }) => sum + loads, 0),
    bypasses: figures.reduce((sum, { counts }) => sum + (counts['bypassed'] ?? 0), 0),
    latenciesMs: concatSorted(figures.map(({ latenciesMs }) => latenciesMs)),
    oldestMs: Math.max(0, ...ages),
    processes: figures.length,
    staleProcesses: figures.filter(({ finalVersion }) => finalVersion !== lastVersion).length,
    failures: figures.flatMap(({ failures }) => failures),
  };
}

export function addFigures(one: Figures, other: Figures): Figures {
  return {
    seconds: one.seconds + other.seconds,
    commits: one.commits + other.commits,
    invalidations: one.invalidations + other.invalidations,
    loads: one.loads + other.loads,
    bypasses: one.bypasses + other.bypasses,
    latenciesMs: concatSorted([one.latenciesMs, other.latenciesMs]),
    peakConnections: Math.max(one.peakConnections, other.peakConnections),
    oldestMs: Math.max(one.oldestMs, other.oldestMs),
    processes: one.processes + other.processes,
    staleProcesses: one.staleProcesses + other.staleProcesses,
    failures: [...one.failures, ...other.failures],
  };
}

function concatSorted(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part])).toSorted();
}
