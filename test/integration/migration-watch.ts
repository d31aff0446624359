import { toLsn } from '../../src/domain/lsn.ts';
import type { TableName } from '../../src/domain/table.ts';
import { INSTALL_DDL_CAPTURE_SQL } from '../../src/migrations/ddl-capture-sql.ts';
import { DdlLedger, type EventPosition } from '../../src/migrations/ddl-ledger.ts';
import { diffFingerprints } from '../../src/migrations/diff-fingerprints.ts';
import type { Sighting } from '../../src/migrations/fingerprint.ts';
import type { FingerprintChange } from '../../src/migrations/fingerprint-change.ts';
import type { MigrationMessage } from '../../src/migrations/migration-message.ts';
import { parseMigrationMessage } from '../../src/migrations/parse-migration-message.ts';
import { readFingerprint } from '../../src/migrations/read-fingerprint.ts';
import { isVisible, parseSnapshot } from '../../src/pipeline/ready/snapshot.ts';
import type { SqlClient } from '../support/sql-client.ts';

/** What both nets say about a migration; tables without their schema, sorted. */
export interface Noticed {
  readonly messages: readonly MigrationMessage[];
  /** Tables to purge by what the event triggers said. */
  readonly byEvent: readonly string[];
  readonly recheck: boolean;
  readonly changes: readonly FingerprintChange[];
  /** Tables to purge by what two looks at the catalog showed. */
  readonly byPoll: readonly string[];
}

const MESSAGE = 'M'.charCodeAt(0);

/**
 * Watches a schema with both nets: the event triggers through a slot of its own, and the catalog. `users`, `parts`
 * and `top` are the tables of rules, wherever they are at the moment.
 */
export class MigrationWatch {
  readonly schema: string;
  readonly publication: string;
  readonly ruled: readonly TableName[];
  /** What the rules of `users` read. */
  columnsRead: readonly string[] = ['id'];
  readonly #sql: SqlClient;

  constructor(sql: SqlClient, schema: string) {
    this.#sql = sql;
    this.schema = schema;
    this.publication = `${schema}_publication`;
    this.ruled = ['parts', 'top', 'users'].map((name) => ({ schema, name }));
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
    const before = await this.look();
    const ledger = new DdlLedger(this.ruled);
    ledger.learn(before, (xid) => isVisible(parseSnapshot(before.snapshot), xid));
    for (const statement of statements) await sql.rows(statement);

    const messages = await this.#messages();
    const concerned = messages.flatMap(({ message, position }) =>
      message.kind === 'ddl' ? [ledger.concerned(message.event, position)] : [],
    );
    const changes = await this.changesSince(before);
    return {
      messages: messages.map(({ message }) => message),
      byEvent: names(concerned.flatMap(({ purge }) => purge)),
      recheck: concerned.some(({ recheck }) => recheck),
      changes,
      byPoll: names(
        changes.filter(({ purge }) => purge !== 'none').flatMap(({ table }) => table ?? this.ruled),
      ),
    };
  }

  async look(known?: Sighting): Promise<Sighting> {
    const { ruled: tables, publication } = this;
    const serverVersion = await this.#sql.value<number>(`SELECT current_setting('server_version_num')::int`);
    const query = <Row extends object>(sql: string, values?: readonly unknown[]) =>
      this.#sql.rows<Row>(sql, values);
    return readFingerprint(query, { tables, publication, serverVersion }, known?.fingerprint);
  }

  async changesSince(before: Sighting): Promise<readonly FingerprintChange[]> {
    const after = await this.look(before);
    return diffFingerprints(
      before.fingerprint,
      after.fingerprint,
      ({ name }) => new Set(name === 'users' ? this.columnsRead : []),
    );
  }

  /** What the slot has to say since it was last asked. */
  async #messages(): Promise<readonly { message: MigrationMessage; position: EventPosition }[]> {
    const rows = await this.#sql.rows<{ data: Buffer; xid: string }>(
      `SELECT data, xid::text FROM pg_logical_slot_get_binary_changes('watch', NULL, NULL,
        'proto_version', '1', 'publication_names', 'nothing', 'messages', 'true')`,
    );
    return rows.flatMap(({ data, xid }) => {
      if (data[0] !== MESSAGE) return [];
      const end = data.indexOf(0, 10);
      const message = parseMigrationMessage(data.toString('utf8', 10, end), data.subarray(end + 5));
      const position = { lsn: toLsn(data.readBigUInt64BE(2)), xid: Number(xid) };
      return message === undefined ? [] : [{ message, position }];
    });
  }
}

function names(tables: readonly TableName[]): readonly string[] {
  return [...new Set(tables.map(({ name }) => name))].toSorted();
}
