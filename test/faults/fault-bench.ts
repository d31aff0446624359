import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFailed } from 'vitest';
import { type Lsn, parseLsn } from '../../src/domain/lsn.ts';
import { DaemonProcess } from '../support/daemon-process.ts';
import { LocalPostgres, type PostgresSettings } from '../support/postgres/local-postgres.ts';
import { LocalRedis } from '../support/redis/local-redis.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { AckWatch } from './ack-watch.ts';
import { ItemCache } from './item-cache.ts';
import { peakMemoryBytes } from './peak-memory.ts';
import { testSeed } from './test-seed.ts';
import { type WriterOptions, Writers } from './writers.ts';

/** What Node needs to run the TypeScript sources, measured as 22 to 27 MB; the built package does not. */
const TYPE_STRIPPING_BYTES = 27_000_000;

/** Of the daemon's process, whatever is away and however much waits. */
const MEMORY_BOUND_BYTES = 200_000_000 + TYPE_STRIPPING_BYTES;

export interface BenchOptions {
  readonly rows: number;
  readonly postgres?: PostgresSettings;
}

type DaemonChanges = Partial<Parameters<TestContext['daemonOptions']>[0]>;
type WriterChanges = Partial<Pick<WriterOptions, 'connections' | 'maxPauseMs' | 'maxRowsPerTransaction'>>;

/**
 * Servers of its own to do harm to, a filled cache, writers, and the invariants that hold after any fault:
 *
 *     open -> start a daemon (makes the slot) -> fill -> write -> fault ... -> expectConverged
 */
export class FaultBench implements AsyncDisposable {
  readonly postgres: LocalPostgres;
  readonly redis: LocalRedis;
  readonly context: TestContext;
  readonly cache: ItemCache;
  readonly acks: AckWatch;
  readonly seed = testSeed();
  readonly #owned: AsyncDisposableStack;
  readonly #watching: Promise<void>;
  #writers: Writers | undefined;

  private constructor(
    postgres: LocalPostgres,
    redis: LocalRedis,
    context: TestContext,
    cache: ItemCache,
    acks: AckWatch,
    owned: AsyncDisposableStack,
  ) {
    this.postgres = postgres;
    this.redis = redis;
    this.context = context;
    this.cache = cache;
    this.acks = acks;
    this.#owned = owned;
    this.#watching = acks.watch(context.signal);
    onTestFailed(() => console.error(`the seed of the writers was ${this.seed}`));
  }

  static async open({ rows, postgres: settings = {} }: BenchOptions): Promise<FaultBench> {
    await using opened = new AsyncDisposableStack();
    const postgres = opened.use(await LocalPostgres.create({ settings }));
    // What it holds survives a stop; else an outage would empty the cache, and nothing could be stale. With fsync it would
    // answer before it has written, while the disk is slow, and what was deleted would be back after a kill.
    const redis = opened.use(await LocalRedis.create({ settings: { appendonly: 'yes', appendfsync: 'no' } }));
    const context = opened.use(await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url }));
    const cache = await ItemCache.create(context, rows);
    const acks = new AckWatch(await context.connect(), context.slot, cache);
    return new FaultBench(postgres, redis, context, cache, acks, opened.move());
  }

  /** A ready daemon; the first one makes publication and slot. */
  async startDaemon(changes: DaemonChanges = {}): Promise<DaemonProcess> {
    const daemon = await this.launchDaemon(changes);
    await daemon.waitUntilReady();
    return daemon;
  }

  async launchDaemon(changes: DaemonChanges = {}): Promise<DaemonProcess> {
    const options = this.context.daemonOptions({ rules: this.cache.rules, ...changes });
    const daemon = this.context.use(await DaemonProcess.launch(options));
    onTestFailed(() => console.error(daemon.log.slice(-30).join('\n')));
    return daemon;
  }

  /** Begins to change rows; `expectConverged` ends it. */
  write(changes: WriterChanges = {}): Writers {
    const { present, total } = this.cache;
    this.#writers = this.context.use(
      new Writers({
        url: this.context.databaseUrl,
        seed: this.seed,
        present,
        total,
        onCommit: (commit) => this.acks.committed(commit),
        ...changes,
      }),
    );
    return this.#writers;
  }

  /** Ends the writing. */
  async quiesce(): Promise<void> {
    await this.#writers?.stop();
    // A backend whose client was cut off may still be inside COMMIT.
    await waitFor(
      async () =>
        (await this.context.sql.value<number>(
          `SELECT count(*)::int FROM pg_stat_activity
            WHERE application_name = 'freshet-test' AND pid <> pg_backend_pid() AND state <> 'idle'
              AND query LIKE 'BEGIN%'`,
        )) === 0,
      { what: 'the writers to leave their transactions' },
    );
  }

  /** The end of what is on disk: at or after the end of every commit that its client knows of. */
  async walEnd(): Promise<Lsn> {
    return parseLsn(await this.context.sql.value<string>('SELECT pg_current_wal_flush_lsn()'));
  }

  /** Waits until everything that is written now is confirmed. */
  async waitUntilConfirmed(deadlineMs = 30_000): Promise<void> {
    const target = await this.walEnd();
    await waitFor(async () => (await this.acks.confirmed()) >= target, {
      what: 'the slot to be confirmed up to the end of the WAL',
      deadlineMs,
    });
  }

  /** No key stale, nothing confirmed too early, memory bounded. */
  async expectConverged(daemon: DaemonProcess): Promise<void> {
    await this.quiesce();
    await this.waitUntilConfirmed();
    await this.acks.check();
    expect(this.acks.early, 'keys whose change was confirmed before they went').toEqual([]);
    expect(this.acks.checkedRows).toBeGreaterThan(0);
    expect(await this.cache.staleKeys(), 'stale keys').toEqual([]);
    await this.expectBoundedMemory(daemon);
  }

  /** Makes a change and looks for so long: it must not be confirmed while Redis takes nothing. */
  async expectNothingConfirmed(duringMs: number): Promise<void> {
    await this.context.sql.rows(
      'UPDATE items SET version = version + 1 WHERE id = (SELECT min(id) FROM items)',
    );
    const unapplied = await this.walEnd();
    const until = performance.now() + duringMs;
    do {
      expect(await this.acks.confirmed()).toBeLessThan(unapplied);
      await sleep(50);
    } while (performance.now() < until);
  }

  async expectBoundedMemory(daemon: DaemonProcess): Promise<void> {
    expect(await peakMemoryBytes(daemon.pid), 'peak memory').toBeLessThan(MEMORY_BOUND_BYTES);
  }

  /** The backend that streams to the slot's holder. */
  async walsender(): Promise<number | undefined> {
    const [row] = await this.context.sql.rows<{ pid: number | null }>(
      'SELECT active_pid AS pid FROM pg_replication_slots WHERE slot_name = $1',
      [this.context.slot],
    );
    return row?.pid ?? undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
    await this.#watching;
  }
}
