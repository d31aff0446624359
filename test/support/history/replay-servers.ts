import { LocalRedis } from '../redis/local-redis.ts';
import { FailingRedis } from './failing-redis.ts';
import { HistoryTables } from './history-tables.ts';

/** What the pipeline is run on: a Redis of its own, for it is emptied, and tables on the shared Postgres. */
export class ReplayServers implements AsyncDisposable {
  readonly redis: FailingRedis;
  readonly tables: HistoryTables;
  readonly #server: LocalRedis;

  private constructor(server: LocalRedis, tables: HistoryTables) {
    this.redis = new FailingRedis(server.url);
    this.tables = tables;
    this.#server = server;
  }

  static async open(): Promise<ReplayServers> {
    await using opened = new AsyncDisposableStack();
    const server = opened.use(await LocalRedis.create());
    const tables = opened.use(await HistoryTables.open());
    opened.move();
    return new ReplayServers(server, tables);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.disconnect();
    await this.tables[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}
