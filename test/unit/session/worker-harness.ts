import type { Batch } from '../../../src/domain/batch.ts';
import type { CacheKey, Origin } from '../../../src/domain/effect.ts';
import { RetryableError } from '../../../src/domain/errors.ts';
import { type Lsn, toLsn } from '../../../src/domain/lsn.ts';
import type { Query } from '../../../src/domain/query.ts';
import { BatchQueue } from '../../../src/pipeline/queue/batch-queue.ts';
import { VisibilityGate } from '../../../src/pipeline/ready/visibility-gate.ts';
import type { Removals } from '../../../src/pipeline/redis/key-remover.ts';
import { Backoff } from '../../../src/runtime/backoff.ts';
import { BatchWorker } from '../../../src/session/batch-worker.ts';

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

/** A Redis of which only whole batches exist: what was applied, and which transactions were invisible at its start. */
export class Remover {
  readonly applied: { keys: readonly string[]; invisible: ReadonlySet<number> }[] = [];
  /** How many of the next batches fail. */
  failures = 0;
  /** While it is there, nothing is answered. */
  outage: PromiseWithResolvers<void> | undefined;
  readonly #primary: Primary;
  readonly #log: (event: string) => void;

  constructor(primary: Primary, log: (event: string) => void) {
    this.#primary = primary;
    this.#log = log;
  }

  async apply(batch: Batch): Promise<Removals> {
    const keys = [...batch.keys.keys()];
    const invisible = new Set(this.#primary.running);
    this.#log(`apply ${keys.join()}`);
    await this.outage?.promise;
    if (this.failures > 0) {
      this.failures--;
      throw new Error('READONLY');
    }
    this.applied.push({ keys, invisible });
    return new Map();
  }
}

/** A worker with the real queue, gate and tracker, between that Postgres and that Redis. */
export function startWorker() {
  const events: string[] = [];
  const log = (event: string): void => void events.push(event);
  const primary = new Primary(log);
  const remover = new Remover(primary, log);
  const settled: Lsn[] = [];
  const queue = new BatchQueue({ maxKeys: 3, maxBytes: 1_000_000 });
  const worker = new BatchWorker({
    queue,
    gate: new VisibilityGate(primary.query, TIMELINE),
    remover,
    backoff: new Backoff({ initialMs: 1, maxMs: 2 }),
    onSettled: (position) => {
      settled.push(position);
      log(`settled ${position}`);
    },
    observer: { applied() {}, settled() {}, redisFailed: () => log('redis failed') },
  });
  const over = new AbortController();
  const ended = worker.run(over.signal);
  ended.catch(() => {});
  return { events, primary, remover, settled, queue, worker, ended, over };
}

/** One transaction whose xid and commit position are the same number. */
export function commit(queue: BatchQueue, id: number, ...keys: readonly string[]): void {
  queue.begin({ xid: id, commitTimeMs: id });
  for (const key of keys) queue.add({ kind: 'delete', key: key as CacheKey, origin: ORIGIN });
  queue.commit(toLsn(BigInt(id)));
}

/** Long enough for every promise that can settle without a timer to have done so. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
