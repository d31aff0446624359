import type { WorkerOptions } from '../../../../src/session/batch-worker.ts';

/** Everything counts as visible as soon as it was received. */
export const openGate: WorkerOptions['gate'] = {
  invisible: async () => new Map(),
  untilFewer: async () => new Map(),
};
