import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerOptions } from '../../../../src/session/batch-worker.ts';
import type { SeededRandom } from '../../seeded-random.ts';

type Gate = WorkerOptions['gate'];

const LONGEST_PROBE_MS = 60;

/** As right as the other, on a network or a server that is slow at times. */
export function slowGate(right: Gate, random: SeededRandom): Gate {
  return {
    invisible: async (commits) => {
      await sleep(random.next() * LONGEST_PROBE_MS);
      return right.invisible(commits);
    },
    untilFewer: (commits, signal) => right.untilFewer(commits, signal),
  };
}
