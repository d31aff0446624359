import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { type DaemonOptions, DaemonProcess } from './daemon-process.ts';
import { SqlClient } from './sql-client.ts';
import { waitFor } from './wait-for.ts';

export interface ServerUrls {
  readonly postgresUrl: string;
  readonly redisUrl: string;
}

/** Rules and what else a test says about its daemon; the rest is the context's. */
export type ContextDaemonOptions = Pick<DaemonOptions, 'rules'> & Partial<DaemonOptions>;

/**
 * What one test owns on servers that others use too: a database, names for a slot and a publication, and a prefix of
 * Redis keys. Opened with `await using`; then all of it goes, with the daemons that it started.
 *
 *     await using context = await TestContext.open();
 *     await context.sql.rows('CREATE TABLE products (id int PRIMARY KEY)');
 *     await context.startDaemon({ rules: ... });
 */
export class TestContext implements AsyncDisposable {
  /** The server's first database, for what the test's own cannot do about itself. */
  readonly admin: SqlClient;
  /** A connection to the test's own database. */
  readonly sql: SqlClient;
  readonly redis: Redis;
  readonly database: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly slot: string;
  readonly publication: string;
  /** In front of every key of the test: `t5f0c:`. */
  readonly keyPrefix: string;
  readonly #aborter = new AbortController();
  readonly #owned = new AsyncDisposableStack();

  private constructor(names: Names, admin: SqlClient, sql: SqlClient, redis: Redis) {
    this.admin = admin;
    this.sql = sql;
    this.redis = redis;
    this.database = names.id;
    this.databaseUrl = names.databaseUrl;
    this.redisUrl = names.redisUrl;
    this.slot = `${names.id}_slot`;
    this.publication = `${names.id}_publication`;
    this.keyPrefix = `${names.id}:`;
  }

  /**
   * @param servers the run's shared ones (vitest project `servers`) unless a test brings its own
   * @param id name of the database and beginning of every other name; must be free
   */
  static async open(servers?: ServerUrls, id = `t${randomBytes(5).toString('hex')}`): Promise<TestContext> {
    const { postgresUrl, redisUrl } = servers ?? (await sharedServers());
    const databaseUrl = new URL(postgresUrl);
    databaseUrl.pathname = `/${id}`;
    const names: Names = { id, databaseUrl: databaseUrl.href, redisUrl };
    await using opened = new AsyncDisposableStack();
    const admin = opened.use(await SqlClient.open(postgresUrl));
    await admin.rows(`CREATE DATABASE ${id}`);
    const sql = opened.use(await SqlClient.open(names.databaseUrl));
    // Tries for ever: a fault test stops its Redis and goes on with the same client.
    const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    redis.on('error', () => {});
    opened.move();
    return new TestContext(names, admin, sql, redis);
  }

  /** Aborted when the test ends. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** A key of this test: `key('product:1')`. */
  key(name: string): string {
    return `${this.keyPrefix}${name}`;
  }

  /** Stores a value under each key, named without the prefix, as an application's cache would. */
  async fill(...names: readonly string[]): Promise<void> {
    await this.redis.mset(names.flatMap((name) => [this.key(name), 'cached']));
  }

  /** The test's keys that exist, without the prefix, sorted. */
  async keys(): Promise<readonly string[]> {
    const keys = await this.#scan(`${this.keyPrefix}*`);
    return keys.map((key) => key.slice(this.keyPrefix.length)).toSorted();
  }

  /** Waits until a key, named without the prefix, is gone. */
  async waitUntilGone(name: string, deadlineMs = 10_000): Promise<void> {
    await waitFor(async () => (await this.redis.exists(this.key(name))) === 0, {
      what: `key ${name} to go`,
      deadlineMs,
      intervalMs: 2,
      signal: this.signal,
    });
  }

  /** Another connection to the test's database: for a second transaction beside the first. */
  async connect(): Promise<SqlClient> {
    return this.use(await SqlClient.open(this.databaseUrl));
  }

  /** The real daemon on this context's database, slot, publication and Redis, ready; ended with the context. */
  async startDaemon(options: ContextDaemonOptions): Promise<DaemonProcess> {
    return this.use(await DaemonProcess.start(this.daemonOptions(options)));
  }

  /** What `startDaemon` would start, for DaemonProcess.launch. */
  daemonOptions(options: ContextDaemonOptions): DaemonOptions {
    const { databaseUrl, redisUrl, slot, publication } = this;
    return { postgresUrl: databaseUrl, redisUrl, slot, publication, ...options };
  }

  /** Hands something to the context, to be ended before it, last come first. */
  use<T extends AsyncDisposable>(resource: T): T {
    return this.#owned.use(resource);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#aborter.abort(new Error('the test has ended'));
    try {
      await this.#owned.disposeAsync();
      // A test may have stopped servers of its own; what was on them goes with them.
      if (await isUp(this.admin)) await this.#dropDatabase();
      if (this.redis.status === 'ready') await this.#deleteKeys();
    } finally {
      this.redis.disconnect();
      await this.sql[Symbol.asyncDispose]();
      await this.admin[Symbol.asyncDispose]();
    }
  }

  /** DROP DATABASE takes the slots along, once no walsender holds one; FORCE sends everyone else away. */
  async #dropDatabase(): Promise<void> {
    await waitFor(
      async () => {
        const holders = await this.admin.rows(
          'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1 AND active',
          [this.database],
        );
        return holders.length === 0;
      },
      { what: 'the walsenders of the test to end' },
    );
    await this.admin.rows(`DROP DATABASE IF EXISTS ${this.database} WITH (FORCE)`);
  }

  async #deleteKeys(): Promise<void> {
    const daemonsOwn = await this.#scan(`freshet:{${this.slot}}:*`);
    const versions = [
      ...(await this.#scan(`freshet:version:{${this.keyPrefix}*`)),
      ...(await this.#scan(`freshet:version:of:${this.keyPrefix}*`)),
    ];
    const keys = [...(await this.#scan(`${this.keyPrefix}*`)), ...versions, ...daemonsOwn];
    if (keys.length > 0) await this.redis.unlink(keys);
  }

  async #scan(pattern: string): Promise<readonly string[]> {
    const keys = new Set<string>();
    let cursor = '0';
    do {
      const [next, page] = await this.redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000);
      for (const key of page) keys.add(key);
      cursor = next;
    } while (cursor !== '0');
    return [...keys];
  }
}

interface Names {
  readonly id: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

async function isUp(client: SqlClient): Promise<boolean> {
  return client.rows('SELECT 1').then(
    () => true,
    () => false,
  );
}

/** Imported late: outside vitest, the import itself would fail. */
async function sharedServers(): Promise<ServerUrls> {
  const { inject } = await import('vitest');
  const servers = { postgresUrl: inject('postgresUrl'), redisUrl: inject('redisUrl') };
  if (servers.postgresUrl === undefined) {
    throw new Error('this test is in a vitest project without servers: move it to test/integration');
  }
  return servers;
}
