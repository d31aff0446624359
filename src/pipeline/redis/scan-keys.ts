import type { Redis } from 'ioredis';
import { OWN_PREFIX } from './own-keys.ts';
import { paced } from './paced.ts';
import { runIdOf } from './run-id.ts';

const KEYS_PER_STEP = 1_000;
/** Often enough that little is done twice, seldom enough to cost nothing: two commands more for a hundred. */
const STEPS_PER_NOTE = 50;

/** Remembers where a scan stands. `runId` names the process of Redis whose cursor it is; '0' is the start, and the end. */
export interface Bookmark {
  find(runId: string | undefined): Promise<string>;
  note(runId: string | undefined, cursor: string): Promise<void>;
}

/**
 * Hands over all keys of the pattern but Freshet's own, some of them more than once, as SCAN does. A Redis that was
 * restarted, or whose replica took its place, would take a cursor of its predecessor for one of its own and leave keys
 * out: there the scan begins anew.
 */
export async function scanKeys(
  redis: Redis,
  pattern: string,
  onKeys: (keys: readonly string[]) => Promise<void>,
  signal: AbortSignal,
  bookmark?: Bookmark,
): Promise<void> {
  let runId = await runIdOf(redis);
  let cursor = (await bookmark?.find(runId)) ?? '0';
  let steps = 0;
  await paced(async () => {
    const [next, found] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', KEYS_PER_STEP);
    await onKeys(found.filter((key) => !key.startsWith(OWN_PREFIX)));
    cursor = next;
    if (cursor !== '0' && ++steps % STEPS_PER_NOTE !== 0) return true;
    const runIdNow = await runIdOf(redis);
    if (runIdNow !== runId) {
      runId = runIdNow;
      cursor = '0';
      return true;
    }
    await bookmark?.note(runId, cursor);
    return cursor !== '0';
  }, signal);
}
