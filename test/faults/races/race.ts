import type { SynchronousServers } from '../../support/synchronous-servers.ts';
import { TestContext } from '../../support/test-context.ts';
import { waitFor } from '../../support/wait-for.ts';
import { SeededRandom } from '../seeded-random.ts';
import { testSeed } from '../test-seed.ts';
import { evictKeys, killDaemon } from './actors/chaos.ts';
import { openReaders, openWriters } from './actors/open-actors.ts';
import type { Reader } from './actors/reader.ts';
import type { Writer } from './actors/writer.ts';
import { compareKeys } from './compare-keys.ts';
import type { RacedDaemon } from './daemons/raced-daemon.ts';
import { KeyEvents } from './key-events.ts';
import { RaceTable } from './race-table.ts';
import type { RaceTally, StaleKey } from './race-tally.ts';
import type { Readers } from './readers/readers.ts';
import { planRound } from './round-plan.ts';

export interface RaceOptions {
  readonly servers: SynchronousServers;
  readonly daemon: (context: TestContext, table: RaceTable) => RacedDaemon;
  readonly readers: Readers;
  /** Readers load from the standby as well. */
  readonly withReplica?: boolean;
  readonly withEvictions?: boolean;
  /** Every so many rounds the daemon is killed. */
  readonly killEvery?: number;
}

/** Also for a daemon that was killed to start again on a busy machine. */
const DONE_DEADLINE_MS = 30_000;

/**
 * Writers, readers and a daemon race for the same keys, round after round:
 *
 *     write, read, evict, kill -> writers idle -> what was loaded is stored -> the daemon is done -> compare every key
 */
export class Race implements AsyncDisposable {
  readonly #seed = testSeed();
  readonly #options: RaceOptions;
  readonly #context: TestContext;
  readonly #table: RaceTable;
  readonly #daemon: RacedDaemon;
  readonly #events = new KeyEvents();
  readonly #stale: StaleKey[] = [];
  #writers: readonly Writer[] = [];
  #readers: readonly Reader[] = [];
  #compared = 0;
  #evictions = 0;
  #kills = 0;

  private constructor(options: RaceOptions, context: TestContext, table: RaceTable) {
    this.#options = options;
    this.#context = context;
    this.#table = table;
    this.#daemon = options.daemon(context, table);
    context.use({ [Symbol.asyncDispose]: () => this.#daemon.kill() });
  }

  static async open(options: RaceOptions): Promise<Race> {
    const { primary, redis } = options.servers;
    await using opened = new AsyncDisposableStack();
    const context = opened.use(await TestContext.open({ postgresUrl: primary.url, redisUrl: redis.url }));
    const race = new Race(options, context, await RaceTable.create(context));
    await race.#lineUp();
    opened.move();
    return race;
  }

  /** @param isEnough asked after each round whether that was the last one */
  async run(rounds: number, isEnough: (tally: RaceTally) => boolean = () => false): Promise<RaceTally> {
    const startedMs = performance.now();
    for (let round = 1; ; round++) {
      await this.#race(round);
      await this.#quiesce();
      await this.#compare(round);
      const tally = this.#tally(round, performance.now() - startedMs);
      if (round === rounds || isEnough(tally)) return tally;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context[Symbol.asyncDispose]();
  }

  async #lineUp(): Promise<void> {
    const { servers, readers, withReplica = false } = this.#options;
    const shared = { context: this.#context, table: this.#table, events: this.#events };
    this.#writers = await openWriters(shared);
    this.#readers = await openReaders({
      ...shared,
      readers,
      replica: withReplica ? servers.standby : undefined,
    });
    await this.#daemon.start();
    await this.#untilDaemonIsDone();
  }

  async #race(round: number): Promise<void> {
    const { withEvictions = false, killEvery = Number.POSITIVE_INFINITY } = this.#options;
    const random = new SeededRandom(this.#seed + round);
    const { hot, writers } = planRound(this.#table.ids, random);
    const written = new AbortController();
    const { signal } = written;
    const writing = this.#writers.map((writer, index) => writer.write(writers[index] ?? []));
    const reading = this.#readers.map((reader) => reader.read(hot, random.fork(), signal));
    const evicted = { redis: this.#context.redis, table: this.#table, events: this.#events };
    const evicting = withEvictions ? evictKeys(evicted, hot, random.fork(), signal) : 0;
    const isKilled = round % killEvery === 0;
    if (isKilled) this.#kills++;
    const [evictions] = await Promise.all([
      evicting,
      isKilled ? killDaemon(this.#daemon, random.fork()) : undefined,
      Promise.all(writing).finally(() => written.abort()),
      ...reading,
    ]);
    this.#evictions += evictions;
  }

  async #quiesce(): Promise<void> {
    await this.#table.untilIdle();
    await this.#untilDaemonIsDone();
  }

  async #untilDaemonIsDone(): Promise<void> {
    const end = await this.#table.walEnd();
    await waitFor(() => this.#daemon.isDoneWith(end), {
      what: 'the daemon to have done everything',
      deadlineMs: DONE_DEADLINE_MS,
      intervalMs: 2,
    });
  }

  /** Each stale key is removed, to be counted once. */
  async #compare(round: number): Promise<void> {
    const { redis } = this.#context;
    const { compared, stale } = await compareKeys(this.#table, this.#options.readers, redis);
    this.#compared += compared;
    for (const found of stale) {
      this.#stale.push({ ...found, round, events: this.#events.of(found.key) });
      await redis.unlink(found.key);
    }
  }

  #tally(rounds: number, elapsedMs: number): RaceTally {
    const reads = { hit: 0, stored: 0, refused: 0 };
    for (const { outcomes } of this.#readers) {
      reads.hit += outcomes.hit;
      reads.stored += outcomes.stored;
      reads.refused += outcomes.refused;
    }
    return {
      seed: this.#seed,
      rounds,
      seconds: elapsedMs / 1_000,
      compared: this.#compared,
      stale: this.#stale,
      reads,
      evictions: this.#evictions,
      kills: this.#kills,
    };
  }
}
