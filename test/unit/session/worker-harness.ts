import type { Batch } from '../../../src/domain/batch.ts';
import type { CacheKey, Origin } from '../../../src/domain/effect.ts';
import { LeadershipLostError, RetryableError } from '../../../src/domain/errors.ts';
import { type Lsn, toLsn } from '../../../src/domain/lsn.ts';
import type { Query } from '../../../src/domain/query.ts';
import { BatchQueue } from '../../../src/pipeline/queue/batch-queue.ts';
import { PrimaryProbe } from '../../../src/pipeline/ready/primary-probe.ts';
import { VisibilityGate } from '../../../src/pipeline/ready/visibility-gate.ts';
import type { Applied } from '../../../src/pipeline/redis/batch-applier.ts';
import type { Removals } from '../../../src/pipeline/redis/key-remover.ts';
import { Backoff } from '../../../src/runtime/backoff.ts';
import { BatchWorker, type WorkerOptions } from '../../../src/session/batch-worker.ts';

const ORIGIN: Origin = { rule: 'product', template: 'product:${id}', pattern: 'product:*' };
const TIMELINE = 1;

/** A Postgres of which only the visibility of transactions exists. */
export class Primary {
  readonly running = new Set<number>();
  isAway = false;

  constructor(log: (event: string) => void) {
    this.query = async <Row extends object>() => {
      log('probe');
      if (this.isAway) throw new RetryableError('Postgres is away');
      const snapshot = `1:1000000:${[...this.running].join(',')}`;
      return [{ snapshot, timeline: '00000001' }] as unknown as readonly Row[];
    };
  }

  readonly query: Query;
}

/** What was done with a batch, and which transactions were invisible when that began. */
export interface Call {
  readonly how: 'remove' | 'apply';
  readonly keys: readonly string[];
  readonly invisible: ReadonlySet<number>;
}

/** A Redis of which only whole batches exist. */
export class Applier {
  /** Those that Redis has confirmed. */
  readonly calls: Call[] = [];
  /** Keys that were applied when everything before them was. */
  readonly oldest: string[] = [];
  /** How many of the next calls fail. */
  failures = 0;
  /** Without it nothing is written. */
  isLeader = true;
  /** While it is there, nothing is answered. */
  outage: PromiseWithResolvers<void> | undefined;
  readonly #primary: Primary;
  readonly #log: (event: string) => void;

  constructor(primary: Primary, log: (event: string) => void) {
    this.#primary = primary;
    this.#log = log;
  }

  async remove(batch: Batch): Promise<Removals> {
    await this.#call('remove', batch);
    return new Map();
  }

  async apply(batch: Batch, _signal: AbortSignal, isOldest: boolean): Promise<Applied> {
    await this.#call('apply', batch);
    if (isOldest) this.oldest.push(...batch.keys.keys());
    if (batch.isOrdered && !this.isLeader) throw new LeadershipLostError('leader');
    return { removals: new Map(), marks: new Map(), written: 0, refused: 0, full: 0 };
  }

  async existing(): Promise<ReadonlySet<CacheKey>> {
    return new Set();
  }

  async #call(how: Call['how'], batch: Batch): Promise<void> {
    const keys = [...batch.keys.keys()];
    const invisible = new Set(this.#primary.running);
    this.#log(`${how} ${keys.join()}`);
    await this.outage?.promise;
    if (this.failures > 0) {
      this.failures--;
      throw new Error('READONLY');
    }
    this.calls.push({ how, keys, invisible });
  }
}

/** Nothing here has to be asked for. */
async function* wholeBatch(batch: Batch): AsyncGenerator<Batch, void, undefined> {
  yield batch;
}

/** A worker with the real queue, gate and tracker, between that Postgres and that Redis. */
export function startWorker(options: Pick<WorkerOptions, 'secondDeletes'> = {}) {
  const events: string[] = [];
  const log = (event: string): void => void events.push(event);
  const primary = new Primary(log);
  const applier = new Applier(primary, log);
  const settled: Lsn[] = [];
  const queue = new BatchQueue({ maxKeys: 3, maxBytes: 1_000_000 });
  const worker = new BatchWorker({
    ...options,
    queue,
    gate: new VisibilityGate(new PrimaryProbe(primary.query, TIMELINE), []),
    expander: { expand: wholeBatch },
    applier,
    backoff: new Backoff({ initialMs: 1, maxMs: 2 }),
    onSettled: (position) => {
      settled.push(position);
      log(`settled ${position}`);
    },
    observer: { removedEarly() {}, applied() {}, settled() {}, redisFailed: () => log('redis failed') },
  });
  const over = new AbortController();
  const ended = worker.run(over.signal);
  ended.catch(() => {});
  return { events, primary, applier, settled, queue, worker, ended, over };
}

export function begin(queue: BatchQueue, id: number): void {
  queue.begin({ xid: id, commitLsn: toLsn(BigInt(id)), commitTimeMs: id });
}

/** One transaction that deletes keys; its xid and commit position are the same number. */
export function commit(queue: BatchQueue, id: number, ...keys: readonly string[]): void {
  begin(queue, id);
  for (const key of keys) queue.add({ kind: 'delete', key: key as CacheKey, origin: ORIGIN });
  queue.commit(toLsn(BigInt(id)));
}

/** One that writes them. */
export function commitWrites(queue: BatchQueue, id: number, ...keys: readonly string[]): void {
  begin(queue, id);
  const write = { op: 'set', value: String(id), expiry: { ttlMs: 1_000, jitter: 0 } } as const;
  const version = { epoch: 1, commitLsn: BigInt(id), ordinal: 1 };
  for (const key of keys) queue.add({ kind: 'write', key: key as CacheKey, write, version, origin: ORIGIN });
  queue.commit(toLsn(BigInt(id)));
}

/** Long enough for every promise that can settle without a timer to have done so. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
