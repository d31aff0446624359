import type { Lifetime } from './lease-commands.ts';
import type { ReadSettings } from './read-options.ts';

/**
 * How long what was loaded lives. A negative result is never served stale: a row that was inserted is to be found.
 * @param longestMs no longer than this in all
 */
export function lifetimeOf(
  { ttlMs, negativeTtlMs, staleForMs, jitter }: ReadSettings,
  isNegative: boolean,
  longestMs: number,
  random: () => number,
): Lifetime {
  const spread = 1 + jitter * (2 * random() - 1);
  const freshMs = (isNegative ? (negativeTtlMs ?? 0) : ttlMs) * spread;
  const keptMs = isNegative ? freshMs : freshMs + staleForMs;
  return { freshMs: Math.min(freshMs, longestMs), keptMs: Math.min(keptMs, longestMs) };
}

/** The longest that a key may be there from now on, where its lease was granted just now. */
export function longestLifeMs({
  ttlMs,
  negativeTtlMs = 0,
  staleForMs,
  jitter,
  leaseMs,
}: ReadSettings): number {
  return leaseMs + Math.max(ttlMs * (1 + jitter) + staleForMs, negativeTtlMs * (1 + jitter));
}
