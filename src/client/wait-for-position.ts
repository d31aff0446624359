import { parseLsn } from '../domain/lsn.ts';
import type { HeartbeatReader } from './heartbeat-reader.ts';
import { Patience } from './patience.ts';
import type { TimeSource } from './time-source.ts';

/**
 * Waits until Freshet has applied a position.
 * @returns `bypass` when that takes too long, at once where nobody knows how far Freshet is
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
    if (beat === undefined) return 'bypass';
    if (parseLsn(beat.position) >= target) return 'applied';
  } while (await patience.pause());
  return 'bypass';
}
