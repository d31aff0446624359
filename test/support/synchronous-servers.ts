import {
  LocalPostgres,
  type LocalPostgresOptions,
  type PostgresSettings,
} from './postgres/local-postgres.ts';
import { createStandby, pauseReplay, resumeReplay } from './postgres/standby.ts';
import { LocalRedis } from './redis/local-redis.ts';
import type { TestContext } from './test-context.ts';
import { waitFor } from './wait-for.ts';

export interface HeldCommit {
  readonly pid: number;
  /** Resolves when the commit has returned. */
  readonly done: Promise<unknown>;
}

/**
 * Servers on which commits wait for a synchronous standby, and can be held: while that one does not replay they are
 * decoded and sent, and visible to nobody. Sessions with synchronous_commit = local commit without it.
 */
export class SynchronousServers implements AsyncDisposable {
  readonly primary: LocalPostgres;
  readonly standby: LocalPostgres;
  readonly redis: LocalRedis;
  readonly #owned: AsyncDisposableStack;

  private constructor(
    primary: LocalPostgres,
    standby: LocalPostgres,
    redis: LocalRedis,
    owned: AsyncDisposableStack,
  ) {
    this.primary = primary;
    this.standby = standby;
    this.redis = redis;
    this.#owned = owned;
  }

  static async create(
    options: LocalPostgresOptions = {},
    standbySettings: PostgresSettings = {},
  ): Promise<SynchronousServers> {
    await using made = new AsyncDisposableStack();
    const primary = made.use(await LocalPostgres.create(options));
    const redis = made.use(await LocalRedis.create());
    const standby = made.use(await createStandby(primary, { name: 'behind', settings: standbySettings }));
    return new SynchronousServers(primary, standby, redis, made.move());
  }

  /** From its return on commits wait. */
  async holdCommits(): Promise<void> {
    await this.primary.configure({
      synchronous_standby_names: 'behind',
      synchronous_commit: 'remote_apply',
    });
    await pauseReplay(this.standby);
  }

  /** Runs SQL that ends in a commit which waits for the standby; returns while it waits. */
  async commitHeld(context: TestContext, sql: string): Promise<HeldCommit> {
    const session = await context.connect();
    // Where a test fails, a session that waits for ever could not be ended.
    context.use({ [Symbol.asyncDispose]: () => this.releaseCommits() });
    await session.rows('SET synchronous_commit = remote_apply');
    const pid = await session.value<number>('SELECT pg_backend_pid()');
    const done = session.rows(sql);
    await waitFor(
      () =>
        context.sql
          .rows(`SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'`, [pid])
          .then((rows) => rows.length === 1),
      { what: 'the commit to wait for the standby' },
    );
    return { pid, done };
  }

  /** Lets the standby replay, and with it every commit that waits become visible. */
  async releaseCommits(): Promise<void> {
    await resumeReplay(this.standby);
  }

  /** As at first: no commit waits. */
  async reset(): Promise<void> {
    await this.primary.configure({ synchronous_standby_names: '' });
    await this.releaseCommits();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
