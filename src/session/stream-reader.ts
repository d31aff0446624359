import type { Change } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import type { Lsn } from '../domain/lsn.ts';
import type { Rule } from '../domain/rule.ts';
import type { Table } from '../domain/table.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Version } from '../domain/version.ts';
import type { Message } from '../pipeline/decode/message.ts';
import { PgoutputDecoder } from '../pipeline/decode/pgoutput-decoder.ts';
import { RuleMatcher } from '../pipeline/match/rule-matcher.ts';
import { KeyPlanner } from '../pipeline/plan/key-planner.ts';
import { planPurge } from '../pipeline/plan/plan-purge.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import type { TableRoot } from './table-root.ts';

/** Where effects go, transaction by transaction. */
export type EffectSink = Pick<BatchQueue, 'begin' | 'add' | 'commit' | 'keepalive' | 'room' | 'countRow'>;

export interface ReaderOptions {
  readonly rules: readonly Rule[];
  readonly queue: EffectSink;
  /** Of the source's history; known before the first change arrives. */
  readonly epoch: () => number;
  /** The name that rules know a table by: of the partitioned table at the top, or its own. */
  readonly rootOf: (table: Table) => Promise<TableRoot>;
  /** Resolves once the transaction is visible to new snapshots on the primary, where the catalog is read. */
  readonly untilVisible: (xid: number) => Promise<void>;
  /** A logical message in the stream. @returns the rules whose keys are to be purged at its place */
  readonly onMessage: (message: Extract<Message, { kind: 'message' }>, xid: number) => readonly Rule[];
  /** Everything up to here was read. */
  readonly onPosition: (position: Lsn) => void;
  readonly observer: ReaderObserver;
}

/** Counts and reports; called for every row, so it must be cheap. */
export interface ReaderObserver {
  change(change: Change): void;
  planned(planned: Effect | Skip): void;
  /** What a shadow rule would do. */
  shadowed(planned: Effect | Skip): void;
  /** A rule was applied only because its condition could not be decided. One doubt object a place and table. */
  doubted(rule: Rule, doubt: Doubt): void;
  /** A table of the stream lacks columns that its rules read; its keys are purged instead of deleted singly. */
  columnsMissing(table: Table, columns: readonly string[]): void;
}

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
  readonly #matcher: RuleMatcher;
  readonly #planner = new KeyPlanner();
  #held: Held[] | undefined;
  #transaction: Transaction | undefined;
  /** Changes and messages of the transaction so far, those without a rule too: a replay must count alike. */
  #ordinal = 0;
  /** What the transaction has said about where it comes from. */
  #source: { origins?: string; labels?: string } = {};
  /** By rule with a limit: changed rows of the transaction so far. */
  readonly #rows = new Map<Rule, number>();

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#matcher = new RuleMatcher(options.rules, (rule, doubt) => options.observer.doubted(rule, doubt));
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

  #read(payload: Buffer): Promise<void> | undefined {
    const message = this.#decoder.decode(payload);
    if (COUNTED.has(message.kind)) this.#ordinal++;
    const { queue } = this.#options;
    switch (message.kind) {
      case 'change':
        this.#change(message.change);
        break;
      case 'begin':
        this.#transaction = message.transaction;
        this.#ordinal = 0;
        this.#source = {};
        this.#rows.clear();
        queue.begin(message.transaction);
        break;
      case 'commit':
        queue.commit(message.endLsn);
        this.#options.onPosition(message.endLsn);
        break;
      case 'origin':
        this.#source.origins = message.name;
        break;
      case 'message':
        if (message.prefix === LABEL_PREFIX) this.#source.labels = message.content.toString();
        for (const rule of this.#options.onMessage(message, this.#transaction?.xid ?? 0)) {
          for (const effect of planPurge(rule, this.#version)) this.#queue(rule)(effect);
        }
        break;
      case 'truncate':
        for (const table of message.tables) this.#change({ kind: 'truncate', table });
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

  #change(change: Change): void {
    this.#options.observer.change(change);
    this.#matcher.match(change, (rule) => {
      if (this.#isIgnored(rule)) return;
      const emit = this.#queue(rule);
      if (this.#isMassChange(rule)) for (const effect of planPurge(rule, this.#version)) emit(effect);
      else this.#planner.plan(change, rule, this.#version, emit);
    });
  }

  #queue({ mode }: Rule): (planned: Effect | Skip) => void {
    return mode === 'live' ? this.#live : this.#shadow;
  }

  readonly #shadow = (planned: Effect | Skip): void => this.#options.observer.shadowed(planned);

  readonly #live = (planned: Effect | Skip): void => {
    this.#options.observer.planned(planned);
    if (planned.kind !== 'skip') this.#options.queue.add(planned);
  };

  #isIgnored({ ignore }: Rule): boolean {
    const { origins, labels } = this.#source;
    return (
      (origins !== undefined && ignore.origins.includes(origins)) ||
      (labels !== undefined && ignore.labels.includes(labels))
    );
  }

  /** By the transaction, parts of which may be applied already, and by all that waits to be. */
  #isMassChange(rule: Rule): boolean {
    if (rule.massChange === Number.POSITIVE_INFINITY) return false;
    const rows = (this.#rows.get(rule) ?? 0) + 1;
    this.#rows.set(rule, rows);
    return Math.max(rows, this.#options.queue.countRow(rule.name)) > rule.massChange;
  }

  readonly #version = (): Version => {
    if (this.#transaction === undefined) throw new Error('a change outside a transaction');
    const { epoch } = this.#options;
    return { epoch: epoch(), commitLsn: this.#transaction.commitLsn, ordinal: this.#ordinal };
  };

  /** Waits only for a table that concerns no rule as far as the catalog tells, but may become a rule's partition. */
  async #columnsOf(table: Table): Promise<ReadonlySet<string> | undefined> {
    const { rootOf, untilVisible } = this.#options;
    const root = await rootOf(table);
    const columns = this.#matcher.bind(table, root.name);
    if (columns !== undefined || root.isCertain) return columns;
    if (this.#transaction !== undefined) await untilVisible(this.#transaction.xid);
    return this.#matcher.bind(table, (await rootOf(table)).name);
  }

  async #bind(table: Table): Promise<void> {
    const columns = await this.#columnsOf(table);
    if (columns !== undefined) {
      this.#decoder.want(table, columns);
      const missing = columns.difference(new Set(table.columns.map(({ name }) => name)));
      if (missing.size > 0) this.#options.observer.columnsMissing(table, [...missing]);
    }
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
