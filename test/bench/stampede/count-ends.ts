import type { Redis } from 'ioredis';
import type { ReaderFigures } from './reader-messages.ts';

/**
 * How often, since Redis began, an entry was removed or its lease taken away, by whomever: UNLINK is the daemon's
 * delete and the first step of a fill, HDEL the daemon's mark and a reader's release of its lease.
 */
export async function countEnds(redis: Redis): Promise<number> {
  const text = await redis.info('commandstats');
  const counts = text.matchAll(/^cmdstat_(?:unlink|hdel):calls=(\d+)/gm);
  return counts.reduce((sum, [, calls]) => sum + Number(calls), 0);
}

/** Without the readers' own: their fills, and their releases, of which there are no more than faults. */
export function endsByDaemon(ends: number, figures: readonly ReaderFigures[]): number {
  const own = figures.flatMap(({ counts }) => [
    counts['filled'],
    counts['loadFailed'],
    counts['redisFailed'],
  ]);
  return own.reduce<number>((left, count = 0) => left - count, ends);
}
