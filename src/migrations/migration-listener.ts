import type { Log } from '../domain/log.ts';
import type { Lsn } from '../domain/lsn.ts';
import type { Rule } from '../domain/rule.ts';
import type { TableName } from '../domain/table.ts';
import { DdlLedger, type EventPosition } from './ddl-ledger.ts';
import type { Sighting } from './fingerprint.ts';
import type { DdlEvent, PurgeOrder } from './migration-message.ts';
import { parseMigrationMessage } from './parse-migration-message.ts';
import { rulesOf } from './rules-of.ts';
import { rulesOrdered } from './rules-ordered.ts';

/** A logical message of the stream. */
export interface StreamMessage {
  readonly lsn: Lsn;
  readonly prefix: string;
  readonly content: Buffer;
}

/** What a message asks for. */
export interface Heard {
  /** Rules whose keys are to be purged at this place of the stream. */
  readonly purge: readonly Rule[];
  /** The catalog is worth a look at once. */
  readonly recheck: boolean;
}

export interface MigrationListenerOptions {
  readonly rules: readonly Rule[];
  /** Of the rules, each once. */
  readonly tables: readonly TableName[];
  readonly noticed: (net: 'event' | 'order') => void;
  readonly log: Log;
}

/** Understands what event triggers and operators say of migrations in the stream, in its order. */
export class MigrationListener {
  readonly #options: MigrationListenerOptions;
  readonly #ledger: DdlLedger;

  constructor(options: MigrationListenerOptions) {
    this.#options = options;
    this.#ledger = new DdlLedger(options.tables);
  }

  /** Takes in a look at the catalog, as DdlLedger does. */
  learn(sighting: Sighting, isVisible: (xid: number) => boolean): void {
    this.#ledger.learn(sighting, isVisible);
  }

  /** Must be given every message, in the order of the stream. @param xid low 32 bits of its transaction's id */
  heard({ lsn, prefix, content }: StreamMessage, xid: number): Heard {
    const { rules, log } = this.#options;
    const message = parseMigrationMessage(prefix, content);
    switch (message?.kind) {
      case undefined:
        return { purge: [], recheck: false };
      case 'unreadable':
        log.error(
          { prefix, reason: message.reason },
          'a message for Freshet cannot be read; all keys are purged',
        );
        return { purge: rules, recheck: false };
      case 'purge':
        return { purge: this.#ordered(message.order), recheck: false };
      case 'ddl':
        return this.#happened(message.event, { lsn, xid });
    }
  }

  #ordered(order: PurgeOrder): readonly Rule[] {
    const { rules, noticed, log } = this.#options;
    const ordered = rulesOrdered(order, rules);
    noticed('order');
    if (ordered.length === 0) log.warn({ order }, 'a purge was ordered of what no rule knows');
    else log.info({ rules: names(ordered) }, 'a purge was ordered');
    return ordered;
  }

  #happened(event: DdlEvent, position: EventPosition): Heard {
    const { rules, noticed, log } = this.#options;
    const { purge, recheck } = this.#ledger.concerned(event, position);
    const concerned = rulesOf(purge, rules);
    if (concerned.length > 0) {
      noticed('event');
      log.info({ command: event.tag, rules: names(concerned) }, 'a migration changed values: purging keys');
    }
    return { purge: concerned, recheck };
  }
}

function names(rules: readonly Rule[]): readonly string[] {
  return rules.map(({ name }) => name);
}
