import { setTimeout as sleep } from 'node:timers/promises';
import type { Lsn, SettledLsn } from '../../../../src/domain/lsn.ts';
import { BatchQueue } from '../../../../src/pipeline/queue/batch-queue.ts';
import { AckTracker } from '../../../../src/pipeline/settle/ack-tracker.ts';
import type { WorkerOptions } from '../../../../src/session/batch-worker.ts';
import type { SeededRandom } from '../../seeded-random.ts';
import { QUEUE_LIMITS } from './composition.ts';

type Gate = WorkerOptions['gate'];

/** Everything counts as visible as soon as it was received. */
export const openGate: Gate = {
  invisible: async () => new Map(),
  untilFewer: async () => new Map(),
};

/** Confirms what it has received, before anything of it is applied. */
export class ConfirmingQueue extends BatchQueue {
  readonly #confirm: (position: SettledLsn) => void;

  constructor(confirm: (position: SettledLsn) => void) {
    super(QUEUE_LIMITS);
    this.#confirm = confirm;
  }

  override commit(endLsn: Lsn): void {
    super.commit(endLsn);
    this.#confirm(new AckTracker().open(endLsn)());
  }
}

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
