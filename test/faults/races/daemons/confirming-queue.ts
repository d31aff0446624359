import type { Lsn, SettledLsn } from '../../../../src/domain/lsn.ts';
import { BatchQueue } from '../../../../src/pipeline/queue/batch-queue.ts';
import { AckTracker } from '../../../../src/pipeline/settle/ack-tracker.ts';
import { QUEUE_LIMITS } from './composition.ts';

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
