import type { Rule } from '../domain/rule.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Version } from '../domain/version.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';

/** What is kept of the transaction under way: where it says that it comes from, and how much of it has arrived. */
export class TransactionScope {
  readonly #epoch: number;
  readonly #queue: Pick<BatchQueue, 'countRow'>;
  #transaction: Transaction | undefined;
  /** Changes and messages so far, those without a rule too: a replay must count alike. */
  #ordinal = 0;
  #origin: string | undefined;
  #label: string | undefined;
  /** By rule with a limit: changed rows so far. */
  readonly #rows = new Map<Rule, number>();

  /** @param epoch of the source's history */
  constructor(epoch: number, queue: Pick<BatchQueue, 'countRow'>) {
    this.#epoch = epoch;
    this.#queue = queue;
  }

  begin(transaction: Transaction): void {
    this.#transaction = transaction;
    this.#ordinal = 0;
    this.#origin = undefined;
    this.#label = undefined;
    this.#rows.clear();
  }

  get xid(): number | undefined {
    return this.#transaction?.xid;
  }

  /** One more change or message has arrived. */
  count(): void {
    this.#ordinal++;
  }

  /** It was replayed from elsewhere, under this name. */
  replayedFrom(origin: string): void {
    this.#origin = origin;
  }

  /** It has named itself, before its changes. */
  labelled(label: string): void {
    this.#label = label;
  }

  /** Of what has arrived last. A function, for only some effects ask. */
  readonly version = (): Version => {
    if (this.#transaction === undefined) throw new Error('a change outside a transaction');
    return { epoch: this.#epoch, commitLsn: this.#transaction.commitLsn, ordinal: this.#ordinal };
  };

  isIgnored({ ignore }: Rule): boolean {
    return (
      (this.#origin !== undefined && ignore.origins.includes(this.#origin)) ||
      (this.#label !== undefined && ignore.labels.includes(this.#label))
    );
  }

  /**
   * Takes note of a changed row of the rule, and judges by the transaction, parts of which may be applied already, and
   * by all that waits to be.
   */
  isMassChange(rule: Rule): boolean {
    if (rule.massChange === Number.POSITIVE_INFINITY) return false;
    const rows = (this.#rows.get(rule) ?? 0) + 1;
    this.#rows.set(rule, rows);
    return Math.max(rows, this.#queue.countRow(rule.name)) > rule.massChange;
  }
}
