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
  #purges = 0;

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

  /** @throws RetryableError */
  async run(signal: AbortSignal): Promise<never> {
    const [version] = await this.#options.query<{ number: number }>(
      "SELECT current_setting('server_version_num')::int AS number",
    );
    const serverVersion = version?.number ?? 0;
    const stored = await this.#options.memory.read();
    let known = stored === undefined ? undefined : decodeFingerprint(stored)?.fingerprint;
    if (stored !== undefined && known === undefined) this.#purge(this.#options.rules);
    let written = known;
    for (;;) {
      const sighting = await this.#look(serverVersion, known);
      const { fingerprint } = sighting;
      if (known === undefined || !isSameFingerprint(known, fingerprint)) {
        const snapshot = parseSnapshot(sighting.snapshot);
        this.#ledger.learn(sighting, (xid) => isVisible(snapshot, xid));
      }
      known = fingerprint;
      // Written down only when nothing is due any more: else the next process would not find the change again.
      const isSettled = this.#purges === 0 && this.#barrier.size === 0 && this.#behind.length === 0;
      if (isSettled && (written === undefined || !isSameFingerprint(written, fingerprint))) {
        await this.#options.memory.write(encodeFingerprint(sighting));
        written = fingerprint;
      }
      await Promise.race([sleep(POLL_INTERVAL_MS, undefined, { signal }), this.#recheck.promise]);
      signal.throwIfAborted();
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

  async #look(serverVersion: number, known: Fingerprint | undefined): Promise<Sighting> {
    this.#recheck = Promise.withResolvers<void>();
    const { query, publication } = this.#options;
    const wanted: WantedFingerprint = { tables: this.#tables, publication, serverVersion };
    const sighting = await readFingerprint(query, wanted, known);
    if (known !== undefined) {
      const changes = diffFingerprints(known, sighting.fingerprint, (table) => this.#columnsRead(table));
      for (const change of changes) this.#act(change, sighting);
    }
    for (const rules of this.#barrier.passed(parseSnapshot(sighting.snapshot))) this.#purge(rules);
    return sighting;
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
    void this.#options.purge(rules).then(() => this.#purges--);
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
