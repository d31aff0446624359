import { setImmediate } from 'node:timers/promises';
import { formatLsn, toLsn } from '../../../src/domain/lsn.ts';
import type { Query } from '../../../src/domain/query.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import type { TableName } from '../../../src/domain/table.ts';
import { decodeFingerprint } from '../../../src/migrations/encode-fingerprint.ts';
import type { Fingerprint } from '../../../src/migrations/fingerprint.ts';
import { MAY_HAVE_ROWS_SQL } from '../../../src/migrations/fingerprint-sql.ts';
import { MigrationWatch } from '../../../src/session/migration-watch.ts';
import { PUBLICATION_ALTERED } from '../../support/publication-altered.ts';

/** A catalog that a test changes by hand, what is written down of it, and what those who watch it do about it. */
export class WatchedCatalog implements AsyncDisposable {
  fingerprint: Fingerprint;
  /** Text of `pg_current_snapshot()`: no transaction runs. */
  snapshot = '800:800:';
  /** All transactions of now are before it. */
  nextXid = 800n;
  /** Where in the WAL the catalog is looked at. */
  lsn = toLsn(500n);
  /** Beside the keys; undefined where nothing was written down yet. */
  kept: string | undefined;
  /** How often. */
  writes = 0;
  /** What becomes of a purge. */
  purging: () => Promise<void> = async () => {};
  /** Keys were kept right before. */
  isFollowed = false;
  /** Names that the next look finds changed. */
  renamed: TableName[] = [];
  /** The rules of each purge. */
  readonly purged: (readonly string[])[] = [];
  readonly noticed: string[] = [];
  /** Kinds of the changes that were logged, an alarm with its code. */
  readonly logged: string[] = [];
  #watch: MigrationWatch | undefined;
  readonly #over = new AbortController();
  readonly #runs: Promise<unknown>[] = [];

  constructor(fingerprint: Fingerprint) {
    this.fingerprint = fingerprint;
  }

  /** One that a process watches, and finds as it is. */
  static async open(fingerprint: Fingerprint, rules: readonly Rule[]): Promise<WatchedCatalog> {
    const catalog = new WatchedCatalog(fingerprint);
    await catalog.start(rules);
    return catalog;
  }

  get keptFingerprint(): Fingerprint | undefined {
    return decodeFingerprint(this.kept ?? '')?.fingerprint;
  }

  /** A process of Freshet begins to watch. */
  async start(rules: readonly Rule[]): Promise<void> {
    const watch = new MigrationWatch({
      query: this.#query,
      nextXid: async () => this.nextXid,
      rules,
      publication: 'freshet',
      memory: {
        read: async () => this.kept,
        write: async (text) => {
          this.writes++;
          this.kept = text;
        },
      },
      isFollowed: this.isFollowed,
      rebind: async () => this.renamed.splice(0),
      purge: async (concerned) => {
        this.purged.push(concerned.map(({ name }) => name));
        await this.purging();
      },
      noticed: (net) => this.noticed.push(net),
      log: { info: this.#log, warn: this.#log, error: this.#log },
    });
    await watch.open();
    this.#runs.push(watch.run(this.#over.signal).catch(() => {}));
    this.#watch = watch;
    await setImmediate();
  }

  /** Of the process that began last. */
  get watch(): MigrationWatch {
    if (this.#watch === undefined) throw new Error('nobody watches');
    return this.#watch;
  }

  /** Has the process that began last look again. */
  async lookAgain(): Promise<void> {
    this.watch.heard(PUBLICATION_ALTERED, 1);
    // All ports answer within the turn.
    await setImmediate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#runs);
  }

  readonly #query: Query = async <Row extends object>(sql: string) => {
    const rows = (): readonly object[] => {
      if (sql.includes('server_version_num')) return [{ number: 170_004 }];
      if (sql === MAY_HAVE_ROWS_SQL) return [];
      return [{ ...this.fingerprint, snapshot: this.snapshot, lsn: formatLsn(this.lsn) }];
    };
    return rows() as readonly Row[];
  };

  readonly #log = (fields: { readonly change?: string; readonly code?: string }): void => {
    if (fields.change !== undefined) this.logged.push([fields.change, fields.code ?? []].flat().join(' '));
  };
}
