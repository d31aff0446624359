import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError, RetryableError } from '../domain/errors.ts';

/** Redis evicts first what nobody has used for long, be it small. */
const RENEWAL_MS = 60_000;

/** What identifies a history of changes: a promoted standby has another timeline, a restored backup another past. */
export interface SourceIdentity {
  readonly systemId: string;
  readonly timeline: number;
}

/** A source, and since when it is followed: seconds since 1970, greater for a later history. */
export interface FollowedSource extends SourceIdentity {
  readonly epoch: number;
}

export interface CheckedSource extends FollowedSource {
  /** It was not written down: as far as is known, no key in this Redis was kept right. */
  readonly isNew: boolean;
}

/** Where it is written down which history the keys in Redis reflect. */
export interface SourceMemory {
  readonly key: string;
  read(): Promise<FollowedSource | undefined>;
  write(source: FollowedSource): Promise<void>;
}

/**
 * Changes between two histories are known to nobody, so keys of the old one must not be kept right from the new one.
 * @throws FatalError SOURCE_CHANGED
 */
export async function checkSource(
  memory: SourceMemory,
  source: SourceIdentity,
  nowMs = Date.now(),
): Promise<CheckedSource> {
  const known = await memory.read();
  if (known !== undefined && (known.systemId !== source.systemId || known.timeline !== source.timeline)) {
    throw new FatalError(
      'SOURCE_CHANGED',
      `the keys in Redis reflect Postgres ${known.systemId} on timeline ${known.timeline}, but this is ` +
        `${source.systemId} on timeline ${source.timeline}; changes in between may be missing`,
      `clear the keys of the rules in Redis, then DEL ${memory.key} and start again`,
    );
  }
  const followed = known ?? { ...source, epoch: Math.floor(nowMs / 1000) };
  await memory.write(followed);
  return { ...followed, isNew: known === undefined };
}

/** Keeps what a session has in Redis from being lost while it lasts. @throws when the signal aborts */
export async function keepRenewing(
  renew: () => Promise<unknown>,
  signal: AbortSignal,
  intervalMs = RENEWAL_MS,
): Promise<never> {
  for (;;) {
    await sleep(intervalMs, undefined, { signal });
    try {
      await renew();
    } catch (error) {
      // Whoever applies batches reports the outage; there is another time.
      if (!(error instanceof RetryableError)) throw error;
    }
  }
}
