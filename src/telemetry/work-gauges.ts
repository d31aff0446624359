import type { Gauge } from 'prom-client';
import type { Instruments } from './instruments.ts';

/** For how long something has waited for a replica; 0 where nothing does. */
export interface ReplicaLag {
  readonly address: string;
  readonly lagMs: number;
}

/** What a session has begun and not done, read at each scrape. */
export interface WorkInProgress {
  readonly batches: () => number;
  readonly invisibleBatches: () => number;
  readonly queueBytes: () => number;
  /** When the oldest transaction that is not settled was committed, milliseconds since 1970. */
  readonly oldestCommitMs: () => number | undefined;
  /** Age of the newest instant of which everything committed before it is applied; undefined before the first. */
  readonly freshnessLagMs: () => number | undefined;
  readonly replicas: readonly ReplicaLag[];
}

/** What is under way, as of the moment when somebody asks. */
export class WorkGauges {
  readonly #batches: Gauge;
  readonly #invisible: Gauge;
  readonly #queueBytes: Gauge;
  readonly #lagSeconds: Gauge;
  readonly #freshnessSeconds: Gauge;
  readonly #replicaSeconds: Gauge<'replica'>;

  constructor(instruments: Instruments) {
    this.#batches = instruments.gauge('batches_in_flight', 'Batches that are begun and not settled');
    this.#invisible = instruments.gauge(
      'batches_invisible',
      'Batches deleted once, that wait for their commits to become visible before they are deleted for good',
    );
    this.#queueBytes = instruments.gauge(
      'queue_bytes',
      'Memory of the effects that are not settled, estimated',
    );
    this.#lagSeconds = instruments.gauge(
      'lag_seconds',
      'Age of the oldest commit read and not settled; 0 when idle',
    );
    this.#freshnessSeconds = instruments.gauge(
      'freshness_lag_seconds',
      'Everything committed so long ago is applied for certain; NaN where nobody can tell here, as on a standby',
    );
    this.#replicaSeconds = instruments.gauge(
      'replica_lag_seconds',
      'For how long confirmations have waited for a replica that replays late or cannot be asked; 0 when none does',
      ['replica'],
    );
  }

  /** @param work undefined: none, as on a standby */
  show(work: WorkInProgress | undefined): void {
    const oldestCommitMs = work?.oldestCommitMs();
    this.#batches.set(work?.batches() ?? 0);
    this.#invisible.set(work?.invisibleBatches() ?? 0);
    this.#queueBytes.set(work?.queueBytes() ?? 0);
    this.#lagSeconds.set(oldestCommitMs === undefined ? 0 : Math.max(0, Date.now() - oldestCommitMs) / 1000);
    this.#freshnessSeconds.set((work?.freshnessLagMs() ?? Number.NaN) / 1000);
    this.#replicaSeconds.reset();
    for (const { address, lagMs } of work?.replicas ?? [])
      this.#replicaSeconds.set({ replica: address }, lagMs / 1000);
  }
}
