import type { Lsn } from '../domain/lsn.ts';
import type { Rule } from '../domain/rule.ts';
import type { Table, TableName } from '../domain/table.ts';
import type { Message } from '../pipeline/decode/message.ts';
import { PgoutputDecoder } from '../pipeline/decode/pgoutput-decoder.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import { ChangePlanner, type PlanObserver } from './change-planner.ts';
import { type RootNames, TableBinder, type TableBinderOptions, type TableObserver } from './table-binder.ts';
import { TransactionScope } from './transaction-scope.ts';

/** Where effects go, transaction by transaction. */
export type EffectSink = Pick<BatchQueue, 'begin' | 'add' | 'commit' | 'keepalive' | 'room' | 'countRow'>;

export interface ReaderOptions extends Pick<TableBinderOptions, 'rootOf' | 'untilVisible'> {
  readonly rules: readonly Rule[];
  readonly queue: EffectSink;
  /** Of the source's history. */
  readonly epoch: number;
  /** A logical message in the stream. @returns the rules whose keys are to be purged at its place */
  readonly onMessage: (message: Extract<Message, { kind: 'message' }>, xid: number) => readonly Rule[];
  /** Everything up to here was read. */
  readonly onPosition: (position: Lsn) => void;
  readonly observer: ReaderObserver;
}

export type ReaderObserver = PlanObserver & TableObserver;

/** A transaction names itself, before its changes, for rules that ignore it. */
const LABEL_PREFIX = 'freshet.label';

/** What has a place of its own within its transaction. */
const COUNTED: ReadonlySet<Message['kind']> = new Set(['change', 'unread', 'truncate', 'message']);

type Held = { readonly payload: Buffer } | { readonly walEnd: Lsn };

/**
 * The synchronous half of the pipeline: decode, match, plan, queue. Only a table that is seen for the first time, or
 * again after DDL, has it wait for the catalog; what arrives meanwhile is held, in order.
 */
export class StreamReader {
  readonly #options: ReaderOptions;
  readonly #decoder = new PgoutputDecoder();
  readonly #scope: TransactionScope;
  readonly #planner: ChangePlanner;
  readonly #binder: TableBinder;
  #held: Held[] | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#scope = new TransactionScope(options.epoch, options.queue);
    this.#planner = new ChangePlanner({ ...options, scope: this.#scope });
    this.#binder = new TableBinder({ ...options, decoder: this.#decoder, planner: this.#planner });
  }

  /** @returns a promise where reading has to wait: for the catalog, or for room in the queue */
  payload(payload: Buffer): Promise<void> | undefined {
    if (this.#held === undefined) return this.#read(payload) ?? this.#options.queue.room;
    this.#held.push({ payload: Buffer.from(payload) });
    return undefined;
  }

  keepalive(walEnd: Lsn): void {
    if (this.#held === undefined) {
      this.#options.queue.keepalive(walEnd);
      this.#options.onPosition(walEnd);
    } else this.#held.push({ walEnd });
  }

  /** Binds the tables anew that the catalog has under another name by now. @returns the names that they had, and have */
  rebind(namesOf: RootNames): Promise<readonly TableName[]> {
    return this.#binder.rebind(namesOf);
  }

  #read(payload: Buffer): Promise<void> | undefined {
    const message = this.#decoder.decode(payload);
    if (COUNTED.has(message.kind)) this.#scope.count();
    const { queue } = this.#options;
    switch (message.kind) {
      case 'change':
        this.#planner.change(message.change);
        break;
      case 'begin':
        this.#scope.begin(message.transaction);
        queue.begin(message.transaction);
        break;
      case 'commit':
        queue.commit(message.endLsn);
        this.#options.onPosition(message.endLsn);
        break;
      case 'origin':
        this.#scope.replayedFrom(message.name);
        break;
      case 'message':
        if (message.prefix === LABEL_PREFIX) this.#scope.labelled(message.content.toString());
        for (const rule of this.#options.onMessage(message, this.#scope.xid ?? 0)) this.#planner.purge(rule);
        break;
      case 'truncate':
        for (const table of message.tables) this.#planner.change({ kind: 'truncate', table });
        break;
      case 'relation':
        this.#held = [];
        return this.#bind(message.table);
      case 'unread':
      case 'ignored':
        break;
    }
    return undefined;
  }

  async #bind(table: Table): Promise<void> {
    await this.#binder.bind(table, this.#scope.xid);
    const held = this.#held ?? [];
    this.#held = undefined;
    // Another new table among them holds the rest again, in order.
    const waiting: Promise<void>[] = [];
    for (const item of held) {
      if ('walEnd' in item) {
        this.keepalive(item.walEnd);
        continue;
      }
      const wait = this.payload(item.payload);
      if (wait !== undefined) waiting.push(wait);
    }
    await Promise.all(waiting);
  }
}
