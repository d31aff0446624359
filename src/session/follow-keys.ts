import type { Effect, Skip } from '../domain/effect.ts';
import { type FollowOptions, followChanges } from './follow-changes.ts';

/** Beyond so many, keys that change are not looked at: they would take memory, and a sample is not worth more. */
const MAX_KEYS = 100_000;

/**
 * Hands over each key once that changes touch from now on. Those of a fan-out are not among them: only the daemon asks
 * for these.
 * @param signal ends it
 * @throws RetryableError, FatalError when the stream ends before the signal
 */
export async function followKeys(
  options: Pick<FollowOptions, 'postgres' | 'rules'>,
  onKey: (key: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const known = new Set<string>();
  const onPlanned = (planned: Effect | Skip): void => {
    if (!('key' in planned) || known.has(planned.key) || known.size >= MAX_KEYS) return;
    known.add(planned.key);
    onKey(planned.key);
  };
  await followChanges(
    { ...options, onStart: () => {}, onChange: ({ planned }) => planned.forEach(onPlanned) },
    signal,
  );
}
