import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import type { Change, Row } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import type { Lsn } from '../domain/lsn.ts';
import type { Rule } from '../domain/rule.ts';
import type { Transaction } from '../domain/transaction.ts';
import { QueryPool } from '../pipeline/capture/query-pool.ts';
import { ReplicationStream } from '../pipeline/capture/replication-stream.ts';
import { RuleMatcher } from '../pipeline/match/rule-matcher.ts';
import { AckTracker } from '../pipeline/settle/ack-tracker.ts';
import { proveFollowing } from './prove-following.ts';
import { type EffectSink, StreamReader } from './stream-reader.ts';
import { rootOf } from './table-root.ts';

/** A change of a table that has rules, and what the daemon would do about it. */
export interface FollowedChange {
  readonly transaction: Transaction;
  /** Tells only the columns that rules read. */
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
  await proveFollowing(pool.query, rules, postgres);
  const stream = new ReplicationStream({
    ...postgres,
    // The process in every container may have the same id.
    slot: `freshet_explain_${randomBytes(8).toString('hex')}`,
    isTemporary: true,
  });
  const acks = new AckTracker();
  const matcher = new RuleMatcher(rules, () => {});
  const columnsRead = new Map<number, ReadonlySet<string>>();
  const collector = new ChangeCollector(onChange, (lsn) => stream.confirm(acks.open(lsn)()));
  const reader = new StreamReader({
    rules,
    queue: collector,
    epoch: 0,
    rootOf: async (table) => {
      const root = await rootOf(pool.query, table);
      columnsRead.set(table.oid, matcher.bind(table, root.name) ?? NONE);
      return root;
    },
    // Asked for a table that may become a partition: what is shown now may be wrong, and is only shown.
    untilVisible: async () => {},
    onMessage: () => [],
    onPosition: () => {},
    observer: {
      change: (change) => collector.change(tellOnly(change, columnsRead.get(change.table.oid) ?? NONE)),
      planned: (planned) => collector.plan(planned),
      shadowed: (planned) => collector.plan(planned),
      doubted: (_rule, doubt) => collector.doubt(doubt),
      columnsMissing: () => {},
    },
  });
  const stopped = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  try {
    const started = stream.connect().then(() => stream.start(reader));
    await Promise.race([started, stopped]);
    onStart();
    await Promise.race([stream.ended, stopped]);
  } finally {
    await stream.close();
  }
}

const NONE: ReadonlySet<string> = new Set();

/** A NULL is told of every column, since that costs nothing. */
function tellOnly(change: Change, columns: ReadonlySet<string>): Change {
  const tell = (row: Row): Row =>
    row.map((value, index) => (columns.has(change.table.columns[index]?.name ?? '') ? value : undefined));
  switch (change.kind) {
    case 'insert':
      return { ...change, new: tell(change.new) };
    case 'update':
      return { ...change, new: tell(change.new), old: change.old && tell(change.old) };
    case 'delete':
      return { ...change, old: tell(change.old) };
    case 'truncate':
      return change;
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
