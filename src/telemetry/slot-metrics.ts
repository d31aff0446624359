import type { Gauge } from 'prom-client';
import type { SlotState } from '../domain/slot-state.ts';
import type { Instruments } from './instruments.ts';

const STATUSES = ['reserved', 'extended', 'unreserved', 'lost', 'missing'] as const;

/** The slot, by which a disk fills unnoticed. */
export class SlotMetrics {
  readonly #retainedBytes: Gauge;
  readonly #lagBytes: Gauge;
  readonly #status: Gauge;

  constructor(instruments: Instruments) {
    this.#retainedBytes = instruments.gauge(
      'slot_retained_wal_bytes',
      'WAL that Postgres keeps for the slot',
    );
    this.#lagBytes = instruments.gauge('lag_bytes', 'WAL written by Postgres and not yet confirmed');
    this.#status = instruments.gauge('slot_status', 'wal_status of the slot: 1 for the current one', [
      'status',
    ]);
  }

  /** @param state undefined where there is no such slot */
  show(state: SlotState | undefined): void {
    for (const status of STATUSES) this.#status.set({ status }, 0);
    this.#status.set({ status: state?.walStatus ?? 'missing' }, 1);
    if (state === undefined) return;
    this.#retainedBytes.set(state.retainedBytes);
    this.#lagBytes.set(state.lagBytes);
  }
}
