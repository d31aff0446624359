import { Client } from 'pg';

/**
 * One connection for a test's own SQL, opened again by the next statement after a server ended it. It is not named
 * `freshet`, so that a test can tell it from the daemon's.
 */
export class SqlClient implements AsyncDisposable {
  readonly #url: string;
  #driver: Client | undefined;

  private constructor(url: string) {
    this.#url = url;
  }

  static async open(url: string): Promise<SqlClient> {
    const client = new SqlClient(url);
    await client.driver();
    return client;
  }

  /** The driver's own client, for what `rows` does not cover. */
  async driver(): Promise<Client> {
    if (this.#driver !== undefined) return this.#driver;
    const driver = new Client({
      connectionString: this.#url,
      application_name: 'freshet-test',
      connectionTimeoutMillis: 10_000,
    });
    const forget = (): void => {
      if (this.#driver === driver) this.#driver = undefined;
    };
    driver.on('error', forget).on('end', forget);
    await driver.connect();
    this.#driver = driver;
    return driver;
  }

  /** Runs one statement with values, or several without, and returns the rows of the last. */
  async rows<Row extends object = Record<string, unknown>>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    const driver = await this.driver();
    if (values.length > 0) return (await driver.query<Row>(sql, [...values])).rows;
    // Several statements make the driver return a list, which its types do not tell.
    const last = [await driver.query<Row>(sql)].flat().at(-1);
    return last?.rows ?? [];
  }

  /** The only value of the only row. */
  async value<Value = unknown>(sql: string, values: readonly unknown[] = []): Promise<Value> {
    const [row] = await this.rows<Record<string, Value>>(sql, values);
    const [value] = Object.values(row ?? {});
    if (value === undefined) throw new Error(`no value from: ${sql}`);
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver?.end().catch(() => {});
  }
}
