import { parseRules } from '../../src/config/load-rules.ts';
import { toLsn } from '../../src/domain/lsn.ts';
import type { Query } from '../../src/domain/query.ts';
import type { Rule } from '../../src/domain/rule.ts';
import { INSTALL_DDL_CAPTURE_SQL } from '../../src/migrations/ddl-capture-sql.ts';
import type { MigrationMessage } from '../../src/migrations/migration-message.ts';
import { parseMigrationMessage } from '../../src/migrations/parse-migration-message.ts';
import { MigrationWatch } from '../../src/session/migration-watch.ts';
import type { SqlClient } from '../support/sql-client.ts';
import { ruleText } from './rule-text.ts';

/** What a process sees in the catalog when it starts to watch. */
export interface Seen {
  /** Kinds of change. */
  readonly changes: readonly string[];
  /** Codes of the alarms among them. */
  readonly alarms: readonly string[];
  /** Tables whose keys it purges; without their schema, sorted. */
  readonly byPoll: readonly string[];
}

/** What both nets say about a migration. */
export interface Noticed extends Seen {
  readonly messages: readonly MigrationMessage[];
  /** Tables whose keys are purged by what the event triggers said. */
  readonly byEvent: readonly string[];
}

type StreamMessage = Parameters<MigrationWatch['heard']>;

const MESSAGE = 'M'.charCodeAt(0);

/**
 * A schema under both nets of the daemon: the event triggers, through a slot of its own, and the catalog. `users`,
 * `parts` and `top` are the tables of rules, wherever they are at the moment; the rule of `users` reads its `id`.
 */
export class WatchedSchema {
  readonly schema: string;
  readonly publication: string;
  readonly #sql: SqlClient;
  readonly #rules: readonly Rule[];
  /** What the daemon keeps beside the keys. */
  #kept: string | undefined;

  constructor(sql: SqlClient, schema: string) {
    this.#sql = sql;
    this.schema = schema;
    this.publication = `${schema}_publication`;
    const rules = [
      { name: 'parts', table: `${schema}.parts`, keys: ['parts'] },
      { name: 'top', table: `${schema}.top`, keys: ['top'] },
      { name: 'users', table: `${schema}.users`, keys: ['user:${id}'] },
    ];
    this.#rules = parseRules(ruleText('', rules), 'rules.yaml');
  }

  /** Once a database: the triggers, and the slot that their messages are read through. */
  static async install(sql: SqlClient): Promise<void> {
    await sql.rows('CREATE PUBLICATION nothing');
    await sql.rows(`SELECT pg_create_logical_replication_slot('watch', 'pgoutput')`);
    await sql.rows(INSTALL_DDL_CAPTURE_SQL);
  }

  /** Runs the statements one by one, each a transaction unless it says BEGIN, and says what was noticed of them. */
  async run(...statements: readonly string[]): Promise<Noticed> {
    return this.runAs(this.#sql, ...statements);
  }

  /** The same on another connection. */
  async runAs(sql: SqlClient, ...statements: readonly string[]): Promise<Noticed> {
    await this.#messages();
    const watch = await this.remember();
    for (const statement of statements) await sql.rows(statement);

    const messages = await this.#messages();
    const concerned = messages.flatMap((message) => watch.heard(...message));
    return {
      messages: messages.flatMap(([{ prefix, content }]) => parseMigrationMessage(prefix, content) ?? []),
      byEvent: tablesOf(concerned),
      ...(await this.seen()),
    };
  }

  /** Writes down what the catalog shows now. @returns the process that has done so */
  async remember(): Promise<MigrationWatch> {
    this.#kept = undefined;
    const watch = this.#newWatch([], () => {});
    await watch.open();
    return watch;
  }

  /** What a process sees that starts now, against what is written down. */
  async seen(): Promise<Seen> {
    const logged: Logged[] = [];
    const purged: Rule[] = [];
    await this.start(purged, logged);
    return {
      changes: logged.flatMap(({ change }) => change ?? []),
      alarms: logged.flatMap(({ code }) => code ?? []),
      byPoll: tablesOf(purged),
    };
  }

  /** @param purged takes the rules of its purges */
  async start(purged: Rule[], logged: Logged[] = []): Promise<MigrationWatch> {
    const watch = this.#newWatch(logged, (rules) => purged.push(...rules));
    await watch.open();
    return watch;
  }

  #newWatch(logged: Logged[], purge: (rules: readonly Rule[]) => void): MigrationWatch {
    const log = (fields: Logged) => {
      logged.push(fields);
    };
    const query: Query = <Row extends object>(sql: string, values?: readonly unknown[]) =>
      this.#sql.rows<Row>(sql, values);
    return new MigrationWatch({
      query,
      nextXid: async () => BigInt(await this.#sql.value<string>('SELECT pg_current_xact_id()::text')),
      rules: this.#rules,
      publication: this.publication,
      memory: {
        read: async () => this.#kept,
        write: async (text) => {
          this.#kept = text;
        },
      },
      isFollowed: false,
      rebind: async () => [],
      purge: async (rules) => purge(rules),
      noticed: () => {},
      log: { info: log, warn: log, error: log },
    });
  }

  /** What the slot has to say since it was last asked. */
  async #messages(): Promise<readonly StreamMessage[]> {
    const rows = await this.#sql.rows<{ data: Buffer; xid: string }>(
      `SELECT data, xid::text FROM pg_logical_slot_get_binary_changes('watch', NULL, NULL,
        'proto_version', '1', 'publication_names', 'nothing', 'messages', 'true')`,
    );
    return rows.flatMap(({ data, xid }): readonly StreamMessage[] => {
      if (data[0] !== MESSAGE) return [];
      const end = data.indexOf(0, 10);
      const prefix = data.toString('utf8', 10, end);
      const lsn = toLsn(data.readBigUInt64BE(2));
      return [[{ lsn, prefix, content: data.subarray(end + 5) }, Number(xid)]];
    });
  }
}

interface Logged {
  readonly change?: string;
  readonly code?: string;
}

function tablesOf(rules: readonly Rule[]): readonly string[] {
  return [...new Set(rules.map(({ table }) => table.name))].toSorted();
}
