import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { type DaemonOptions, DaemonProcess } from '../support/daemon-process.ts';
import type { LocalPostgres } from '../support/postgres/local-postgres.ts';
import type { SqlClient } from '../support/sql-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { dropSlot } from './drop-slot.ts';
import { type ProcessCost, processCost } from './process-cost.ts';

export const ROWS = 1_000_000;
const ROWS_PER_TRANSACTION = 100;
const PUBLICATION = 'bench';
/** Never read: every run gets a copy of it, and so the same WAL. */
const SOURCE_SLOT = 'bench_source';
const KEYS_PER_COMMAND = 10_000;

/** What a daemon is given, and what must be gone afterwards. */
export interface DrainCase {
  readonly name: string;
  readonly rules: string;
  /** Begin of the keys of all rows, which are in Redis before. */
  readonly keyPrefix: string;
}

export const ONE_RULE: DrainCase = {
  name: 'one delete rule',
  rules: rule('item', 'item'),
  keyPrefix: 'item:',
};

/** Each asks a condition of every row; three of them are true, so that a row has three keys. */
const CONDITIONS = [
  'row.price >= 0.00',
  "row.tenant != 'none'",
  'row.id > 0',
  "row.tenant == 'nobody'",
  'row.price < 0.00',
  'row.id < 0',
  "row.name == ''",
  "row.name.startsWith('thing')",
  "row.tenant in ['a', 'b', 'c']",
  "row.price > 1000000.00 && row.tenant == 'tenant-1'",
];

export const TEN_RULES: DrainCase = {
  name: 'ten rules with conditions, three keys a row',
  rules: CONDITIONS.map((when, index) => rule(`rule-${index}`, `r${index}`, when)).join('---\n'),
  keyPrefix: 'r0:',
};

/** A rule whose keys are the prefix, a colon and the row's id. */
function rule(name: string, prefix: string, when?: string): string {
  return JSON.stringify({
    apiVersion: 'freshet.dev/v1',
    kind: 'CacheRule',
    metadata: { name },
    spec: { table: 'public.item', keys: [`${prefix}:\${id}`], ...(when === undefined ? {} : { when }) },
  }).concat('\n');
}

export interface Drained extends ProcessCost {
  readonly seconds: number;
}

/** A million updated rows in the WAL, and as many ways to read them as one likes. */
export class Drain {
  readonly #server: LocalPostgres;
  readonly #sql: SqlClient;
  readonly #redisUrl: string;
  readonly #endLsn: string;
  #run = 0;

  private constructor(server: LocalPostgres, sql: SqlClient, redisUrl: string, endLsn: string) {
    this.#server = server;
    this.#sql = sql;
    this.#redisUrl = redisUrl;
    this.#endLsn = endLsn;
  }

  static async prepare(server: LocalPostgres, sql: SqlClient, redisUrl: string): Promise<Drain> {
    await sql.rows(`
      CREATE TABLE item (id bigint PRIMARY KEY, tenant text NOT NULL, name text NOT NULL, price numeric(12, 2) NOT NULL,
                         updated_at timestamptz NOT NULL, payload jsonb NOT NULL);
      INSERT INTO item
      SELECT i, 'tenant-' || i % 100, 'item number ' || i, i % 10000 / 100.0, now(),
             jsonb_build_object('sku', md5(i::text), 'tags', jsonb_build_array('a', 'b', 'c'), 'note', repeat('x', 120))
        FROM generate_series(1, ${ROWS}) i;
      CREATE PUBLICATION ${PUBLICATION} FOR TABLE item`);
    await sql.rows('VACUUM ANALYZE item');
    await sql.rows('CHECKPOINT');
    await sql.rows(`SELECT pg_create_logical_replication_slot('${SOURCE_SLOT}', 'pgoutput')`);
    await sql.rows(`
      DO $$ BEGIN
        FOR i IN 0..${ROWS / ROWS_PER_TRANSACTION - 1} LOOP
          UPDATE item SET price = price + 1, updated_at = clock_timestamp()
           WHERE id BETWEEN i * ${ROWS_PER_TRANSACTION} + 1 AND (i + 1) * ${ROWS_PER_TRANSACTION};
          COMMIT;
        END LOOP;
      END $$`);
    return new Drain(server, sql, redisUrl, await sql.value<string>('SELECT pg_current_wal_lsn()::text'));
  }

  /** Postgres' own client, which writes what it receives to nowhere. */
  async byRecvlogical(program: string): Promise<Drained> {
    const slot = this.#nextSlot();
    await this.#copySlotTo(slot);
    const { pathname } = new URL(this.#server.url);
    const args = [
      '--host=127.0.0.1',
      `--port=${this.#server.port}`,
      '--username=postgres',
      `--dbname=${pathname.slice(1)}`,
      `--slot=${slot}`,
      '--start',
      '--no-loop',
      `--endpos=${this.#endLsn}`,
      '--fsync-interval=0',
      '--file=/dev/null',
      '--option=proto_version=1',
      `--option=publication_names=${PUBLICATION}`,
    ];
    const started = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    let cost: ProcessCost = { cpuSeconds: 0, peakMib: 0 };
    const sampler = setInterval(() => {
      if (child.pid !== undefined && child.exitCode === null) cost = processCost(child.pid);
    }, 50);
    const [code] = await once(child, 'exit');
    clearInterval(sampler);
    const seconds = (performance.now() - started) / 1000;
    await dropSlot(this.#sql, slot);
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
    return { seconds, ...cost };
  }

  /** The daemon: every key is in Redis before, and must be gone after. From the first byte streamed to the last confirmed. */
  async byFreshet({ rules, keyPrefix }: DrainCase): Promise<Drained> {
    await using redis = connect(this.#redisUrl);
    const slot = this.#nextSlot();
    const options = {
      postgresUrl: this.#server.url,
      redisUrl: this.#redisUrl,
      slot,
      publication: PUBLICATION,
      rules,
    };
    await redis.client.flushall();
    await this.#adopt(options);
    await fillKeys(redis.client, keyPrefix);
    await this.#copySlotTo(slot);
    await using daemon = await DaemonProcess.launch(options);
    await waitFor(() => daemon.log.some((line) => line.includes('"streaming"')), {
      what: 'the daemon to stream',
      intervalMs: 1,
    });
    const started = performance.now();
    await waitFor(() => this.#isConfirmed(slot), {
      what: 'the last position',
      deadlineMs: 300_000,
      intervalMs: 20,
    });
    const seconds = (performance.now() - started) / 1000;
    const cost = processCost(daemon.pid);
    const left = await redis.client.keys(`${keyPrefix}*`);
    await daemon.stop();
    await dropSlot(this.#sql, slot);
    await redis.client.flushall();
    if (left.length > 0) throw new Error(`${left.length} keys are left although everything is confirmed`);
    return { seconds, ...cost };
  }

  async #isConfirmed(slot: string): Promise<boolean> {
    return this.#sql.value<boolean>(
      'SELECT confirmed_flush_lsn >= $2::pg_lsn FROM pg_replication_slots WHERE slot_name = $1',
      [slot, this.#endLsn],
    );
  }

  #nextSlot(): string {
    return `bench_${this.#run++}`;
  }

  async #copySlotTo(slot: string): Promise<void> {
    await this.#sql.rows('SELECT pg_copy_logical_replication_slot($1, $2)', [SOURCE_SLOT, slot]);
  }

  /** On a slot without a backlog: the keys of new rules are purged, which is not to be measured. */
  async #adopt(options: DaemonOptions): Promise<void> {
    await this.#sql.rows('SELECT pg_create_logical_replication_slot($1, $2)', [options.slot, 'pgoutput']);
    await using daemon = await DaemonProcess.start(options);
    await daemon.stop();
    await dropSlot(this.#sql, options.slot);
  }
}

function connect(url: string): AsyncDisposable & { readonly client: Redis } {
  const client = new Redis(url);
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      await client.quit();
    },
  };
}

async function fillKeys(redis: Redis, prefix: string): Promise<void> {
  const value = 'x'.repeat(100);
  for (let first = 1; first <= ROWS; first += KEYS_PER_COMMAND) {
    const pairs = Array.from({ length: KEYS_PER_COMMAND }, (_, i) => [`${prefix}${first + i}`, value]);
    await redis.mset(pairs.flat());
  }
}
