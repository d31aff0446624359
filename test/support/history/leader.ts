import type { Redis } from 'ioredis';
import type { Batch } from '../../../src/domain/batch.ts';
import { type Lsn, toLsn } from '../../../src/domain/lsn.ts';
import type { Query } from '../../../src/domain/query.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import type { Table } from '../../../src/domain/table.ts';
import { BatchExpander } from '../../../src/pipeline/expand/batch-expander.ts';
import { BatchQueue } from '../../../src/pipeline/queue/batch-queue.ts';
import { BatchApplier } from '../../../src/pipeline/redis/batch-applier.ts';
import type { LeaderToken } from '../../../src/pipeline/redis/leader-token.ts';
import { AckTracker } from '../../../src/pipeline/settle/ack-tracker.ts';
import { StreamReader } from '../../../src/session/stream-reader.ts';
import { IGNORING_OBSERVER } from '../ignoring-observer.ts';
import type { CommittedTransaction } from './history.ts';
import { Wire } from './wire.ts';

/** Where the transaction of this number, from 0, ends in the WAL. */
function endOf(index: number): Lsn {
  return toLsn(BigInt(index + 1) * 0x100n);
}

function ignore(): void {}

function fail(_origin: unknown, _sql: unknown, error: unknown): never {
  throw error;
}

export interface LeaderOptions {
  readonly redis: Redis;
  readonly rules: readonly Rule[];
  readonly tables: readonly [Table, Table];
  readonly maxKeys: number;
  /** Gives values in Postgres' text form. */
  readonly query: Query;
}

/** One process that holds the slot, from its first transaction until it dies: the pipeline but for Postgres' ends. */
export class Leader {
  readonly token: LeaderToken;
  readonly applier: BatchApplier;
  readonly #expander: BatchExpander;
  readonly #queue: BatchQueue;
  readonly #reader: StreamReader;
  readonly #wire: Wire;
  readonly #acks = new AckTracker();
  #next: Promise<Batch | undefined> | undefined;

  constructor({ redis, rules, tables, maxKeys, query }: LeaderOptions, token: LeaderToken) {
    this.token = token;
    this.applier = new BatchApplier(redis, token);
    this.#expander = new BatchExpander({ query, onFault: fail, onOverflow: ignore, onCircuit: ignore });
    this.#queue = new BatchQueue({ maxKeys, maxBytes: 100_000_000 });
    this.#wire = new Wire(tables);
    this.#reader = new StreamReader({
      rules,
      queue: this.#queue,
      epoch: 1,
      rootOf: async (name) => ({ name, isCertain: true }),
      untilVisible: async () => {},
      onMessage: () => [],
      onPosition: ignore,
      observer: IGNORING_OBSERVER,
    });
  }

  async read(transaction: CommittedTransaction, index: number): Promise<void> {
    const end = endOf(index);
    const commitLsn = toLsn(end - 8n);
    for (const payload of this.#wire.transaction(transaction, 700 + index, commitLsn, end)) {
      await this.#reader.payload(payload);
    }
  }

  /** The next batch, where there is one. */
  async take(): Promise<Batch | undefined> {
    this.#next ??= this.#queue.next();
    const none = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
    const batch = await Promise.race([this.#next, none]);
    if (batch !== undefined) this.#next = undefined;
    return batch;
  }

  /** The batch with everything that it has to ask for, in parts to be applied in their order. */
  expand(batch: Batch): AsyncGenerator<Batch, void, undefined> {
    return this.#expander.expand(batch, (refreshes) => this.applier.existing(refreshes));
  }

  /** The batch is applied. @returns how many transactions are acknowledged now, if any of this leader's are */
  settle(batch: Batch): number {
    const settled = this.#acks.open(batch.position)();
    this.#queue.release(batch);
    return Number(settled / 0x100n);
  }
}
