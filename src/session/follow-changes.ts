import type { Settings } from '../config/settings.ts';
import type { Change } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import type { Lsn } from '../domain/lsn.ts';
import type { Rule } from '../domain/rule.ts';
import type { Transaction } from '../domain/transaction.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { ReplicationStream } from '../pipeline/capture/replication-stream.ts';
import { AckTracker } from '../pipeline/settle/ack-tracker.ts';
import { type EffectSink, StreamReader } from './stream-reader.ts';
import { rootOf } from './table-root.ts';

/** A change of a table that has rules, and what the daemon would do about it. */
export interface FollowedChange {
  readonly transaction: Transaction;
  readonly change: Change;
  readonly planned: readonly (Effect | Skip)[];
  readonly doubts: readonly Doubt[];
}

export interface FollowOptions {
  readonly postgres: Settings['postgres'];
  readonly rules: readonly Rule[];
  readonly onStart: () => void;
  readonly onChange: (followed: FollowedChange) => void;
}

/**
 * The daemon's own reading half on a temporary slot, which begins now and leaves nothing behind. Redis is not asked.
 * @throws RetryableError, FatalError when the stream ends before the signal
 */
export async function followChanges(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { postgres, rules, onStart, onChange } = options;
  await using pool = new QueryPool(postgres.url);
  const collector = new ChangeCollector(onChange, (lsn) => {
    stream.confirm(acks.open(lsn)());
  });
  const acks = new AckTracker();
  const reader = new StreamReader({
    rules,
    queue: collector,
    epoch: () => 0,
    rootOf: (table) => rootOf(pool.query, table),
    // Asked for a table that may become a partition: what is shown now may be wrong, and is only shown.
    untilVisible: async () => {},
    onMessage: () => [],
    onPosition: () => {},
    observer: {
      change: (change) => collector.change(change),
      planned: (planned) => collector.plan(planned),
      shadowed: (planned) => collector.plan(planned),
      doubted: (_rule, doubt) => collector.doubt(doubt),
      columnsMissing: () => {},
    },
  });
  const stream = new ReplicationStream({
    ...postgres,
    slot: `freshet_explain_${process.pid}`,
    isTemporary: true,
    onSource: async () => {},
    onPayload: (payload) => reader.payload(payload),
    onKeepalive: (walEnd) => reader.keepalive(walEnd),
  });
  const stopped = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  try {
    await Promise.race([stream.open(), stopped]);
    onStart();
    await Promise.race([stream.ended, stopped]);
  } finally {
    await stream.close();
  }
}

/** Puts together what belongs to one change, and hands it on before the next. */
class ChangeCollector implements EffectSink {
  readonly room = undefined;
  readonly #onChange: (followed: FollowedChange) => void;
  readonly #onPosition: (lsn: Lsn) => void;
  #transaction: Transaction | undefined;
  #change: Change | undefined;
  #planned: (Effect | Skip)[] = [];
  #doubts: Doubt[] = [];

  constructor(onChange: (followed: FollowedChange) => void, onPosition: (lsn: Lsn) => void) {
    this.#onChange = onChange;
    this.#onPosition = onPosition;
  }

  countRow(): number {
    return 0;
  }

  begin(transaction: Transaction): void {
    this.#transaction = transaction;
  }

  change(change: Change): void {
    this.#handOn();
    this.#change = change;
  }

  plan(planned: Effect | Skip): void {
    this.#planned.push(planned);
  }

  doubt(doubt: Doubt): void {
    this.#doubts.push(doubt);
  }

  /** Planned already. */
  add(): void {}

  commit(endLsn: Lsn): void {
    this.#handOn();
    this.#onPosition(endLsn);
  }

  keepalive(walEnd: Lsn): void {
    this.#onPosition(walEnd);
  }

  #handOn(): void {
    if (this.#transaction !== undefined && this.#change !== undefined) {
      this.#onChange({
        transaction: this.#transaction,
        change: this.#change,
        planned: this.#planned,
        doubts: this.#doubts,
      });
    }
    this.#change = undefined;
    this.#planned = [];
    this.#doubts = [];
  }
}
