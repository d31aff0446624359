import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../domain/log.ts';
import type { Lsn } from '../domain/lsn.ts';
import type { Query } from '../domain/query.ts';
import type { Rule } from '../domain/rule.ts';
import { columnsNamed, oldColumnsRead } from '../domain/rule-columns.ts';
import { formatTableName, type TableName } from '../domain/table.ts';
import type { NeededColumns } from '../migrations/diff-context.ts';
import { diffFingerprints } from '../migrations/diff-fingerprints.ts';
import { decodeFingerprint, encodeFingerprint, isSameFingerprint } from '../migrations/encode-fingerprint.ts';
import type { Fingerprint, Sighting } from '../migrations/fingerprint.ts';
import type { FingerprintChange } from '../migrations/fingerprint-change.ts';
import { MigrationListener, type StreamMessage } from '../migrations/migration-listener.ts';
import { readFingerprint } from '../migrations/read-fingerprint.ts';
import { RepeatedPurges, type Seen } from '../migrations/repeated-purges.ts';
import { rulesOf } from '../migrations/rules-of.ts';
import { isVisible, parseSnapshot } from '../pipeline/ready/snapshot.ts';

const POLL_INTERVAL_MS = 10_000;

export interface MigrationWatchOptions {
  readonly query: Query;
  /** An id that all transactions are before which have one now. */
  readonly nextXid: () => Promise<bigint>;
  readonly rules: readonly Rule[];
  readonly publication: string;
  /** Keeps the fingerprint of the catalog that the keys were last right for. */
  readonly memory: { read(): Promise<string | undefined>; write(text: string): Promise<void> };
  /** Keys were kept right before: what is not written down of that was lost. */
  readonly isFollowed: boolean;
  /** Binds the stream's tables to rules by the names of now. @returns the names that changed, the old and the new ones */
  readonly rebind: () => Promise<readonly TableName[]>;
  /** Purges the keys of rules, outside of the stream; resolves when they are gone. */
  readonly purge: (rules: readonly Rule[]) => Promise<void>;
  readonly noticed: (net: 'event' | 'catalog' | 'order') => void;
  readonly log: Log;
}

/**
 * Two nets below the stream of rows, for migrations that change values without row events: what event triggers and
 * operators say in the stream, in its order, and a look at the catalog every few seconds.
 */
export class MigrationWatch {
  readonly #options: MigrationWatchOptions;
  readonly #tables: readonly TableName[];
  readonly #listener: MigrationListener;
  readonly #repeated = new RepeatedPurges<readonly Rule[]>();
  #recheck = Promise.withResolvers<void>();
  /** Purges that were ordered and are not done. */
  #purges = 0;
  #serverVersion = 0;
  #known: Fingerprint | undefined;
  #written: Fingerprint | undefined;

  constructor(options: MigrationWatchOptions) {
    this.#options = options;
    this.#tables = [...new Map(options.rules.map(({ table }) => [formatTableName(table), table])).values()];
    this.#listener = new MigrationListener({ ...options, tables: this.#tables });
  }

  /** @returns the rules whose keys are to be purged at this place of the stream */
  heard(message: StreamMessage, xid: number): readonly Rule[] {
    const { purge, recheck } = this.#listener.heard(message, xid);
    if (recheck) this.#recheck.resolve();
    return purge;
  }

  /** The stream has come this far. */
  reached(position: Lsn): void {
    for (const rules of this.#repeated.reached(position)) this.#purge(rules);
  }

  /**
   * Looks for the first time, and finds what has changed since Freshet last ran. What changes after this is noticed.
   * @throws RetryableError
   */
  async open(): Promise<void> {
    const { query, memory, rules, isFollowed } = this.#options;
    const [version] = await query<{ number: number }>(
      "SELECT current_setting('server_version_num')::int AS number",
    );
    this.#serverVersion = version?.number ?? 0;
    const stored = await memory.read();
    this.#known = stored === undefined ? undefined : decodeFingerprint(stored)?.fingerprint;
    this.#written = this.#known;
    if (this.#known === undefined && (stored !== undefined || isFollowed)) this.#purge(rules);
    await this.#look();
  }

  /** Looks again and again. @throws RetryableError */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      await Promise.race([sleep(POLL_INTERVAL_MS, undefined, { signal }), this.#recheck.promise]);
      signal.throwIfAborted();
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    this.#recheck = Promise.withResolvers<void>();
    const { query, nextXid, publication, rebind } = this.#options;
    const before = this.#known;
    // First: a name that changes after this is another at the next look, before this fingerprint is written down.
    const rebound = rulesOf(await rebind(), this.#options.rules);
    const wanted = { tables: this.#tables, publication, serverVersion: this.#serverVersion };
    const sighting = await readFingerprint(query, wanted, before);
    const { fingerprint, lsn } = sighting;
    const snapshot = parseSnapshot(sighting.snapshot);
    const changes =
      before === undefined ? [] : diffFingerprints(before, fingerprint, (table) => this.#columnsOf(table));
    if (changes.length > 0 || rebound.length > 0) {
      const seen = { lsn, nextXid: await nextXid() };
      this.#actOnNames(rebound, seen);
      for (const change of changes) this.#act(change, seen);
    }
    for (const rules of this.#repeated.passed(snapshot)) this.#purge(rules);
    if (before === undefined || !isSameFingerprint(before, fingerprint)) {
      this.#listener.learn(sighting, (xid) => isVisible(snapshot, xid));
    }
    this.#known = fingerprint;
    await this.#remember(sighting);
  }

  /** Written down only when nothing is due any more: else the next process would not find the change again. */
  async #remember(sighting: Sighting): Promise<void> {
    if (this.#purges > 0 || this.#repeated.size > 0) return;
    if (this.#written !== undefined && isSameFingerprint(this.#written, sighting.fingerprint)) return;
    await this.#options.memory.write(encodeFingerprint(sighting));
    this.#written = sighting.fingerprint;
  }

  #act({ kind, table, message, purge, alarm }: FingerprintChange, seen: Seen): void {
    const { rules, log, noticed } = this.#options;
    const subject = table === undefined ? {} : { table: formatTableName(table) };
    noticed('catalog');
    if (alarm === undefined) log.info({ ...subject, change: kind }, message);
    else log.error({ ...subject, change: kind, code: alarm.code, remedy: alarm.remedy }, alarm.message);
    const concerned = table === undefined ? rules : rulesOf([table], rules);
    this.#purge(concerned);
    this.#repeated.raise(concerned, seen, purge === 'again');
  }

  /** Changes that came under an old name were missed. */
  #actOnNames(rules: readonly Rule[], seen: Seen): void {
    if (rules.length === 0) return;
    this.#options.log.info(
      { rules: rules.map(({ name }) => name) },
      'tables of the stream have another name by now; the keys of their rules are purged',
    );
    this.#purge(rules);
    this.#repeated.raise(rules, seen, true);
  }

  #purge(rules: readonly Rule[]): void {
    this.#purges++;
    // Where it fails, the session ends, and the next one finds the change again.
    void this.#options.purge(rules).then(
      () => this.#purges--,
      () => {},
    );
  }

  #columnsOf(table: TableName): NeededColumns {
    const rules = rulesOf([table], this.#options.rules);
    return { named: new Set(rules.flatMap(columnsNamed)), old: new Set(rules.flatMap(oldColumnsRead)) };
  }
}
