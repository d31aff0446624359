import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { SqlClient } from '../../../support/sql-client.ts';
import type { SeededRandom } from '../../seeded-random.ts';
import type { KeyEvents } from '../key-events.ts';
import { NO_ROW, type RaceTable, type Version } from '../race-table.ts';
import type { Read, Readers, ReadOutcome } from '../readers/readers.ts';

export interface ReaderOptions {
  readonly name: string;
  readonly redis: Redis;
  /** Where it may load from: the primary, which comes first, and replicas. */
  readonly databases: readonly [SqlClient, ...SqlClient[]];
  readonly table: RaceTable;
  readonly events: KeyEvents;
  readonly readers: Readers;
}

const LONGEST_PAUSE_MS = 3;
/** The others are read now and then, and so are in the cache when they are written. */
const HOT_SHARE = 0.8;

/** A process of the application that reads through the cache. */
export class Reader {
  readonly outcomes: Record<ReadOutcome, number> = { hit: 0, stored: 0, refused: 0 };
  readonly #options: ReaderOptions;
  readonly #read: Read;

  constructor(options: ReaderOptions) {
    this.#options = options;
    const { redis, databases, readers, events, name } = options;
    const report = (key: string, outcome: ReadOutcome): void => {
      this.outcomes[outcome]++;
      if (outcome !== 'hit') events.note(key, `${name}: ${outcome}`);
    };
    this.#read = readers.open({ redis, sql: databases[0], report });
  }

  /** Reads until it is told to stop; resolves when what it had loaded by then is stored or refused. */
  async read(hot: readonly number[], random: SeededRandom, signal: AbortSignal): Promise<void> {
    const { table } = this.#options;
    while (!signal.aborted) {
      const among = random.next() < HOT_SHARE ? hot : table.ids;
      const id = random.pick(among);
      await this.#read(table.key(id), () => this.#load(id, random));
      await sleep(random.next() * LONGEST_PAUSE_MS);
    }
  }

  async #load(id: number, random: SeededRandom): Promise<Version> {
    const { databases, table, events, name } = this.#options;
    await sleep(random.next() * LONGEST_PAUSE_MS);
    const database = random.pick(databases);
    const sql = 'SELECT version FROM items WHERE id = $1';
    const [row] = await database.rows<{ version: number }>(sql, [id]);
    const version = String(row?.version ?? NO_ROW);
    const place = database === databases[0] ? 'the primary' : 'a replica';
    events.note(table.key(id), `${name} has loaded ${version} from ${place}`);
    await sleep(delayMs(random));
    return version;
  }
}

/** From load to fill: mostly short, now and then longer than a commit takes to become visible. */
function delayMs(random: SeededRandom): number {
  const dice = random.next();
  const longestMs = dice < 0.6 ? 5 : dice < 0.95 ? 30 : 80;
  return random.next() * longestMs;
}
