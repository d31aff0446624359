import type { Redis } from 'ioredis';
import { parseRules } from '../../../../src/config/load-rules.ts';
import { QueryPool } from '../../../../src/pipeline/capture/query-pool.ts';
import { ReplicationStream } from '../../../../src/pipeline/capture/replication-stream.ts';
import type { BatchQueue } from '../../../../src/pipeline/queue/batch-queue.ts';
import { PrimaryProbe } from '../../../../src/pipeline/ready/primary-probe.ts';
import { VisibilityGate } from '../../../../src/pipeline/ready/visibility-gate.ts';
import type { Applied } from '../../../../src/pipeline/redis/batch-applier.ts';
import { Backoff } from '../../../../src/runtime/backoff.ts';
import type { WorkerOptions } from '../../../../src/session/batch-worker.ts';
import { StreamReader } from '../../../../src/session/stream-reader.ts';
import { rootOf } from '../../../../src/session/table-root.ts';
import { IGNORING_OBSERVER } from '../../../support/ignoring-observer.ts';
import type { TestContext } from '../../../support/test-context.ts';
import type { Composition } from './composition.ts';

/** The stages put together as src/session does, for rules that do nothing but delete. */
export class ComposedSession {
  readonly #pool: QueryPool;
  readonly #redis: Redis;
  readonly #queue: BatchQueue;
  readonly #stream: ReplicationStream;
  readonly #reader: StreamReader;
  readonly #composition: Composition;
  readonly #over = new AbortController();
  #fault: unknown;

  constructor(context: TestContext, rules: string, composition: Composition) {
    const { databaseUrl, slot, publication, redis } = context;
    this.#composition = composition;
    this.#pool = new QueryPool(databaseUrl);
    this.#redis = redis.duplicate();
    this.#redis.on('error', ignore);
    this.#queue = composition.queue((position) => this.#stream.confirm(position));
    this.#reader = new StreamReader({
      rules: parseRules(rules, 'rules'),
      queue: this.#queue,
      epoch: 1,
      rootOf: (table) => rootOf(this.#pool.query, table),
      untilVisible: async () => {},
      onMessage: () => [],
      onPosition: ignore,
      observer: IGNORING_OBSERVER,
    });
    this.#stream = new ReplicationStream({ url: databaseUrl, slot, publication });
    this.#stream.ended.catch((error: unknown) => this.#fail(error));
  }

  /** @throws StandbySignal where another session has the slot still; whatever else keeps the stream from starting */
  async open(): Promise<void> {
    const { timeline } = await this.#stream.connect();
    await this.#stream.start(this.#reader);
    const gate = new VisibilityGate(new PrimaryProbe(this.#pool.query, timeline), []);
    const remover = this.#composition.remover(this.#redis);
    const { signal } = this.#over;
    const worker = this.#composition.worker({
      queue: this.#queue,
      gate: this.#composition.gate(gate),
      expander: {
        async *expand(batch) {
          yield batch;
        },
      },
      applier: {
        existing: async () => new Set(),
        remove: (batch) => remover.remove(batch, signal),
        apply: async (batch) => ({ ...NOTHING, removals: await remover.remove(batch, signal) }),
      },
      backoff: new Backoff({ initialMs: 10, maxMs: 100 }),
      onSettled: (settled) => this.#stream.confirm(settled),
      observer: OBSERVER,
    });
    worker.run(signal).catch((error: unknown) => this.#fail(error));
  }

  /** Whether nothing that was read is still to be applied. @throws what has ended the session */
  get isIdle(): boolean {
    if (this.#fault !== undefined) throw this.#fault;
    return this.#queue.outstandingBytes === 0;
  }

  /** At once: what is queued or waits for visibility is gone. */
  async kill(): Promise<void> {
    this.#over.abort();
    this.#redis.disconnect();
    this.#queue.fail(new Error('killed'));
    await this.#stream.close();
    await this.#pool[Symbol.asyncDispose]();
  }

  #fail(error: unknown): void {
    if (!this.#over.signal.aborted) this.#fault ??= error;
  }
}

function ignore(): void {}

const NOTHING: Applied = { removals: new Map(), marks: new Map(), written: 0, refused: 0, full: 0 };

const OBSERVER: WorkerOptions['observer'] = {
  removedEarly: ignore,
  applied: ignore,
  settled: ignore,
  redisFailed: ignore,
};
