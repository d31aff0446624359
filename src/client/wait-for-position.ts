import { parseLsn } from '../domain/lsn.ts';
import type { HeartbeatReader } from './heartbeat-reader.ts';
import { Patience } from './patience.ts';
import type { TimeSource } from './time-source.ts';

/** The proof behind a heartbeat is made anew each second: one that is so old is of a Freshet that stands still. */
const OLD_MS = 60_000;

/**
 * Waits until Freshet has applied a position.
 * @returns `bypass` when that takes too long, at once where nobody knows how far Freshet is now
 * @throws RangeError when the text is no LSN
 */
export async function waitForPosition(
  lsn: string,
  timeoutMs: number,
  heartbeat: HeartbeatReader,
  time: TimeSource,
): Promise<'applied' | 'bypass'> {
  const target = parseLsn(lsn);
  const patience = new Patience(timeoutMs, time);
  do {
    const beat = await heartbeat.read();
    if (beat === undefined || beat.ageMs > OLD_MS) return 'bypass';
    if (parseLsn(beat.position) >= target) return 'applied';
  } while (await patience.pause());
  return 'bypass';
}
