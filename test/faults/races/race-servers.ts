import { LocalPostgres } from '../../support/postgres/local-postgres.ts';
import { createStandby } from '../../support/postgres/standby.ts';
import { LocalRedis } from '../../support/redis/local-redis.ts';

/** How far the standby replays behind, and so for how long a commit that waits for it is sent but not visible. */
const REPLAY_DELAY_MS = 40;

/**
 * Servers on which commits become visible late and out of order. The standby is synchronous for those transactions that
 * ask for it; the others are visible at once. It is also a replica that readers may use.
 */
export class RaceServers implements AsyncDisposable {
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

  static async create(): Promise<RaceServers> {
    await using made = new AsyncDisposableStack();
    // Nobody waits for the standby who does not ask for it: neither the daemon nor the test itself.
    const settings = { synchronous_standby_names: 'behind', synchronous_commit: 'local' };
    const primary = made.use(await LocalPostgres.create({ settings }));
    const redis = made.use(await LocalRedis.create());
    const delay = { recovery_min_apply_delay: `${REPLAY_DELAY_MS}ms` };
    const standby = made.use(await createStandby(primary, { name: 'behind', settings: delay }));
    return new RaceServers(primary, standby, redis, made.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
