import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../domain/log.ts';
import type { Lsn } from '../domain/lsn.ts';
import type { Query } from '../domain/query.ts';
import type { Rule } from '../domain/rule.ts';
import { formatTableName, type TableName } from '../domain/table.ts';
import { ActivationBarrier } from '../migrations/activation-barrier.ts';
import { DdlLedger } from '../migrations/ddl-ledger.ts';
import { diffFingerprints } from '../migrations/diff-fingerprints.ts';
import { decodeFingerprint, encodeFingerprint, isSameFingerprint } from '../migrations/encode-fingerprint.ts';
import type { Fingerprint, Sighting } from '../migrations/fingerprint.ts';
import type { FingerprintChange } from '../migrations/fingerprint-change.ts';
import type { DdlEvent } from '../migrations/migration-message.ts';
import { parseMigrationMessage } from '../migrations/parse-migration-message.ts';
import { readFingerprint, type WantedFingerprint } from '../migrations/read-fingerprint.ts';
import { rulesOrdered } from '../migrations/rules-ordered.ts';
import { isVisible, parseSnapshot } from '../pipeline/ready/snapshot.ts';

const POLL_INTERVAL_MS = 10_000;

/** A logical message of the stream. */
export interface StreamMessage {
  readonly lsn: Lsn;
  readonly prefix: string;
  readonly content: Buffer;
}

export interface MigrationWatchOptions {
  readonly query: Query;
  readonly rules: readonly Rule[];
  readonly publication: string;
  /** Keeps the fingerprint of the catalog that the keys were last right for. */
  readonly memory: { read(): Promise<string | undefined>; write(text: string): Promise<void> };
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
  readonly #ledger: DdlLedger;
  readonly #barrier = new ActivationBarrier<readonly Rule[]>();
  /** Purged once more when the stream has come to the place where the catalog was seen. */
  #behind: readonly { readonly lsn: Lsn; readonly rules: readonly Rule[] }[] = [];
  #position: Lsn | undefined;
  #recheck = Promise.withResolvers<void>();
  /** Purges that were ordered and are not done. */
  #purges = 0;
  #serverVersion = 0;
  #known: Fingerprint | undefined;
  #written: Fingerprint | undefined;

  constructor(options: MigrationWatchOptions) {
    this.#options = options;
    this.#tables = [...new Map(options.rules.map(({ table }) => [formatTableName(table), table])).values()];
    this.#ledger = new DdlLedger(this.#tables);
  }

  /** @returns the rules whose keys are to be purged at this place of the stream */
  heard({ lsn, prefix, content }: StreamMessage, xid: number): readonly Rule[] {
    const { rules, log, noticed } = this.#options;
    const message = parseMigrationMessage(prefix, content);
    switch (message?.kind) {
      case undefined:
        return [];
      case 'unreadable':
        log.error(
          { prefix, reason: message.reason },
          'a message for Freshet cannot be read; all keys are purged',
        );
        return rules;
      case 'purge': {
        const ordered = rulesOrdered(message.order, rules);
        noticed('order');
        if (ordered.length === 0)
          log.warn({ order: message.order }, 'a purge was ordered of what no rule knows');
        else log.info({ rules: names(ordered) }, 'a purge was ordered');
        return ordered;
      }
      case 'ddl':
        return this.#heardDdl(message.event, lsn, xid);
    }
  }

  /** The stream has come this far. */
  reached(position: Lsn): void {
    this.#position = position;
    if (this.#behind.length === 0) return;
    const due = this.#behind.filter(({ lsn }) => lsn <= position);
    this.#behind = this.#behind.filter(({ lsn }) => lsn > position);
    for (const { rules } of due) this.#purge(rules);
  }

  /**
   * Looks for the first time, and finds what has changed since Freshet last ran. What changes after this is noticed.
   * @throws RetryableError
   */
  async open(): Promise<void> {
    const { query, memory, rules } = this.#options;
    const [version] = await query<{ number: number }>(
      "SELECT current_setting('server_version_num')::int AS number",
    );
    this.#serverVersion = version?.number ?? 0;
    const stored = await memory.read();
    this.#known = stored === undefined ? undefined : decodeFingerprint(stored)?.fingerprint;
    this.#written = this.#known;
    if (stored !== undefined && this.#known === undefined) this.#purge(rules);
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

  #heardDdl(event: DdlEvent, lsn: Lsn, xid: number): readonly Rule[] {
    const { purge, recheck } = this.#ledger.concerned(event, { lsn, xid });
    if (recheck) this.#recheck.resolve();
    const concerned = this.#rulesOf(purge);
    if (concerned.length > 0) {
      this.#options.noticed('event');
      this.#options.log.info(
        { command: event.tag, rules: names(concerned) },
        'a migration changed values: purging keys',
      );
    }
    return concerned;
  }

  async #look(): Promise<void> {
    this.#recheck = Promise.withResolvers<void>();
    const { query, publication } = this.#options;
    const before = this.#known;
    const wanted: WantedFingerprint = {
      tables: this.#tables,
      publication,
      serverVersion: this.#serverVersion,
    };
    const sighting = await readFingerprint(query, wanted, before);
    const { fingerprint } = sighting;
    const snapshot = parseSnapshot(sighting.snapshot);
    if (before !== undefined) {
      const changes = diffFingerprints(before, fingerprint, (table) => this.#columnsRead(table));
      for (const change of changes) this.#act(change, sighting);
    }
    for (const rules of this.#barrier.passed(snapshot)) this.#purge(rules);
    if (before === undefined || !isSameFingerprint(before, fingerprint)) {
      this.#ledger.learn(sighting, (xid) => isVisible(snapshot, xid));
    }
    this.#known = fingerprint;
    await this.#remember(sighting);
  }

  /** Written down only when nothing is due any more: else the next process would not find the change again. */
  async #remember(sighting: Sighting): Promise<void> {
    if (this.#purges > 0 || this.#barrier.size > 0 || this.#behind.length > 0) return;
    if (this.#written !== undefined && isSameFingerprint(this.#written, sighting.fingerprint)) return;
    await this.#options.memory.write(encodeFingerprint(sighting));
    this.#written = sighting.fingerprint;
  }

  #act({ kind, table, message, purge, alarm }: FingerprintChange, { lsn, snapshot }: Sighting): void {
    const { rules, log, noticed } = this.#options;
    const subject = table === undefined ? {} : { table: formatTableName(table) };
    noticed('catalog');
    if (alarm === undefined) log.info({ ...subject, change: kind }, message);
    else log.error({ ...subject, change: kind, code: alarm.code, remedy: alarm.remedy }, alarm.message);
    if (purge === 'none') return;
    const concerned = table === undefined ? rules : this.#rulesOf([table]);
    this.#purge(concerned);
    if (this.#position === undefined || this.#position < lsn)
      this.#behind = [...this.#behind, { lsn, rules: concerned }];
    if (purge === 'again') this.#barrier.raise(concerned, parseSnapshot(snapshot));
  }

  #purge(rules: readonly Rule[]): void {
    this.#purges++;
    // Where it fails, the session ends, and the next one finds the change again.
    void this.#options.purge(rules).then(
      () => this.#purges--,
      () => {},
    );
  }

  #rulesOf(tables: readonly TableName[]): readonly Rule[] {
    const wanted = new Set(tables.map(formatTableName));
    return this.#options.rules.filter(({ table }) => wanted.has(formatTableName(table)));
  }

  #columnsRead(table: TableName): ReadonlySet<string> {
    return new Set(this.#rulesOf([table]).flatMap(columnsOf));
  }
}

/** What a rule reads of its table. A value that is written or read anew may hold any column. */
function columnsOf({ keys, fanOuts, when, action }: Rule): readonly string[] {
  return [
    ...keys.flatMap((key) => key.columns),
    ...fanOuts.flatMap(({ each }) => each.columns),
    ...(when?.columns ?? []),
    ...(action.kind === 'sortedSet' ? action.member.columns : []),
  ];
}

function names(rules: readonly Rule[]): readonly string[] {
  return rules.map(({ name }) => name);
}
