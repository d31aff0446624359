import { quantile } from '../quantile.ts';
import type { Figures } from './figures.ts';

const NAME_WIDTH = 34;

const COLUMNS: readonly (readonly [head: string, width: number, of: (figures: Figures) => string])[] = [
  ['commits', 8, ({ commits }) => String(commits)],
  ['invalidations', 14, ({ invalidations }) => String(invalidations)],
  ['loads', 7, ({ loads }) => String(loads)],
  ['a commit', 9, ({ loads, commits }) => (loads / commits).toFixed(2)],
  ['an invalidation', 16, ({ loads, invalidations }) => (loads / invalidations).toFixed(2)],
  ['p50 ms', 8, ({ latenciesMs }) => quantile(latenciesMs, 0.5).toFixed(1)],
  ['p99 ms', 8, ({ latenciesMs }) => quantile(latenciesMs, 0.99).toFixed(1)],
  ['max ms', 8, ({ latenciesMs }) => quantile(latenciesMs, 1).toFixed(0)],
  ['reads/s', 8, ({ latenciesMs, seconds }) => (latenciesMs.length / seconds).toFixed(0)],
  ['connections', 12, ({ peakConnections }) => String(peakConnections)],
  ['oldest ms', 10, ({ oldestMs }) => oldestMs.toFixed(0)],
  ['stale at the end', 17, ({ staleProcesses, processes }) => `${staleProcesses} of ${processes}`],
];

/** What is not plain from the head. */
export const LEGEND = `  invalidations     the daemon makes two of a commit that was not visible to others yet when it came
  a commit, an ...  loads by commit, and by invalidation
  connections       the most that the readers had open to the database at once
  oldest            how long after a commit a read began, at most, that was given the value before it
  stale at the end  processes that are still given it two seconds after the last commit`;

/** Behind a word of seven letters. */
export const HEAD = `${' '.repeat(NAME_WIDTH - 5)}${COLUMNS.map(([head, width]) => head.padStart(width)).join('')}`;

export function formatRow(name: string, figures: Figures): string {
  return `  ${name.padEnd(NAME_WIDTH)}${COLUMNS.map(([, width, of]) => of(figures).padStart(width)).join('')}`;
}
