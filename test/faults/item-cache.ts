import type { TestContext } from '../support/test-context.ts';

const SHELVES = 16;
const CHUNK = 500;

/** What is cached for a row that does not exist, as an application remembers a miss. */
const NO_ROW = '0';

interface Item {
  readonly id: number;
  readonly shelf: number;
  readonly version: number;
}

/**
 * The table under test and the cache beside it. The value of a key is the version of its row when the key was filled,
 * and every change makes another version: so a key is stale exactly when its value is not the row's version. Nothing
 * fills after the writers began; a key that is there although its row has changed was never deleted since.
 */
export class ItemCache {
  /** Rows 1 to `present` exist at first; those up to `total` are cached as missing. */
  readonly present: number;
  readonly total: number;
  readonly #context: TestContext;

  private constructor(context: TestContext, present: number) {
    this.#context = context;
    this.present = present;
    this.total = Math.ceil(present * 1.2);
  }

  static async create(context: TestContext, present: number): Promise<ItemCache> {
    await context.sql.rows(`
      CREATE TABLE items (id int PRIMARY KEY, shelf int NOT NULL, version int NOT NULL, CONSTRAINT by_shelf UNIQUE (id, shelf));
      ALTER TABLE items REPLICA IDENTITY USING INDEX by_shelf;
      INSERT INTO items SELECT id, id % ${SHELVES}, 1 FROM generate_series(1, ${present}) id;`);
    return new ItemCache(context, present);
  }

  get rules(): string {
    const { keyPrefix } = this.#context;
    return `
apiVersion: freshet.dev/v1
kind: CacheRule
metadata: { name: item }
spec:
  table: public.items
  keys:
    - ${keyPrefix}item:\${id}
    - ${keyPrefix}shelf:\${shelf}:item:\${id}
`;
  }

  /** Caches what is committed now, present and missing rows. For moments without writers only. */
  async fill(): Promise<void> {
    const values: string[] = [];
    for (const { id, shelf, version } of await this.#items()) {
      values.push(this.#itemKey(id), String(version), this.#shelfKey(shelf, id), String(version));
    }
    for (let id = this.present + 1; id <= this.total; id++) values.push(this.#itemKey(id), NO_ROW);
    for (const chunk of chunks(values, 2 * CHUNK)) await this.#context.redis.mset(chunk);
  }

  /** The keys that `fill` made for a row and that any change of it must remove. */
  filledKeys(id: number): readonly string[] {
    return id > this.present ? [this.#itemKey(id)] : [this.#itemKey(id), this.#shelfKey(id % SHELVES, id)];
  }

  /** How many keys there are. */
  async size(): Promise<number> {
    return (await this.#context.keys()).length;
  }

  /** Every cached key, without the prefix, whose value is not what the database holds. */
  async staleKeys(): Promise<readonly string[]> {
    const { redis } = this.#context;
    const truth = new Map<string, number>();
    for (const { id, shelf, version } of await this.#items()) {
      truth.set(`item:${id}`, version).set(`shelf:${shelf}:item:${id}`, version);
    }
    const stale: string[] = [];
    for (const names of chunks(await this.#context.keys(), CHUNK)) {
      const values = await redis.mget(names.map((name) => this.#context.key(name)));
      for (const [index, name] of names.entries()) {
        const value = values[index] ?? undefined;
        if (value !== undefined && value !== String(truth.get(name) ?? NO_ROW)) stale.push(name);
      }
    }
    return stale;
  }

  /** Those of the keys that exist. */
  async existing(keys: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const chunk of chunks(keys, CHUNK)) {
      const values = await this.#context.redis.mget([...chunk]);
      found.push(...chunk.filter((_, index) => values[index] !== null));
    }
    return found;
  }

  async #items(): Promise<readonly Item[]> {
    return this.#context.sql.rows<Item & Record<string, unknown>>('SELECT id, shelf, version FROM items');
  }

  #itemKey(id: number): string {
    return this.#context.key(`item:${id}`);
  }

  #shelfKey(shelf: number, id: number): string {
    return this.#context.key(`shelf:${shelf}:item:${id}`);
  }
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
