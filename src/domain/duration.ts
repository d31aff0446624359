/** The units in which durations are written, in milliseconds; the shortest first. */
export const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Whole milliseconds in the longest unit that fits: 60000 is `1m`, 90000 is `90s`. */
export function formatDuration(ms: number): string {
  const [unit, length] = Object.entries(DURATION_UNITS).findLast(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / length}${unit}`;
}
