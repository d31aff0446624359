import type { Batch } from '../../domain/batch.ts';
import type { Effect } from '../../domain/effect.ts';
import type { Lsn } from '../../domain/lsn.ts';
import type { Transaction } from '../../domain/transaction.ts';
import { OpenBatch } from './open-batch.ts';

/**
 * Coalesces effects into batches, without a timer: whatever has arrived while the last batch was applied is the next
 * one. A large transaction is handed on in parts; only the part that holds its commit moves the position.
 */
export class BatchQueue {
  readonly #maxKeys: number;
  readonly #maxBytes: number;
  readonly #sealed: Batch[] = [];
  #open = new OpenBatch();
  /** By rule: changed rows behind the effects that were added and not yet released, of each batch and of all. */
  readonly #rowsOf = new Map<Batch, Map<string, number>>();
  readonly #rows = new Map<string, number>();
  #transaction: Transaction | undefined;
  #outstandingBytes = 0;
  #closed = false;
  #isUrgent = false;
  #interjected: { readonly batch: Batch; readonly resolve: () => void }[] = [];
  #fault: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /**
   * @param limits.maxKeys keys that one batch holds at most
   * @param limits.maxBytes memory of everything not yet released beyond which nothing more should be added
   */
  constructor(limits: { readonly maxKeys: number; readonly maxBytes: number }) {
    this.#maxKeys = limits.maxKeys;
    this.#maxBytes = limits.maxBytes;
  }

  /** Back-pressure: while the queue is full, a promise of room; it resolves when half of the memory is free again. */
  get room(): Promise<void> | undefined {
    if (this.#outstandingBytes > this.#maxBytes) this.#room ??= Promise.withResolvers<void>();
    return this.#room?.promise;
  }

  /** Memory of all effects that were added and not yet released, estimated. */
  get outstandingBytes(): number {
    return this.#outstandingBytes;
  }

  begin(transaction: Transaction): void {
    this.#transaction = transaction;
  }

  add(effect: Effect): void {
    const transaction = this.#transaction;
    if (transaction === undefined) throw new Error('an effect outside a transaction');
    const open = this.#open;
    this.#outstandingBytes += open.add(effect, transaction);
    // Sealed long before the queue is full: otherwise a large transaction would wait for room that only it can free.
    if (open.size >= this.#maxKeys || open.bytes >= this.#maxBytes / 4) this.#seal();
  }

  /** Takes note of a changed row of a rule. @returns how many of the rule's rows are not applied yet */
  countRow(rule: string): number {
    let rows = this.#rowsOf.get(this.#open);
    if (rows === undefined) this.#rowsOf.set(this.#open, (rows = new Map()));
    rows.set(rule, (rows.get(rule) ?? 0) + 1);
    const outstanding = (this.#rows.get(rule) ?? 0) + 1;
    this.#rows.set(rule, outstanding);
    return outstanding;
  }

  /**
   * Takes in what no transaction has brought, to be handed out at once: a purge that somebody ordered.
   * @returns resolves when it was applied
   */
  async interject(effects: readonly Effect[]): Promise<void> {
    if (effects.length === 0) return;
    const open = this.#open;
    for (const effect of effects) this.#outstandingBytes += open.add(effect, undefined);
    this.#isUrgent = true;
    this.#wake?.();
    await new Promise<void>((resolve) => this.#interjected.push({ batch: open, resolve }));
  }

  commit(endLsn: Lsn): void {
    this.#transaction = undefined;
    this.#advance(endLsn);
  }

  /** A position without changes. Within a transaction it tells nothing that the commit will not. */
  keepalive(walEnd: Lsn): void {
    if (this.#transaction === undefined) this.#advance(walEnd);
  }

  /** The next batch as soon as there is one; undefined once the queue is closed and empty. One caller at a time. */
  async next(): Promise<Batch | undefined> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault.error;
      const sealed = this.#sealed.shift();
      if (sealed !== undefined) return sealed;
      if (this.#open.position !== undefined || this.#isUrgent) return this.#takeOpen();
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The batch is applied: its memory is free again. */
  release(batch: Batch): void {
    this.#outstandingBytes -= batch.bytes;
    for (const [rule, rows] of this.#rowsOf.get(batch) ?? [])
      this.#rows.set(rule, (this.#rows.get(rule) ?? 0) - rows);
    this.#rowsOf.delete(batch);
    for (const { resolve } of this.#interjected.filter((one) => one.batch === batch)) resolve();
    this.#interjected = this.#interjected.filter((one) => one.batch !== batch);
    if (this.#outstandingBytes > this.#maxBytes / 2) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Takes nothing more in; `next` hands out what is complete. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Hands nothing out any more: `next` throws this. */
  fail(error: unknown): void {
    this.#fault ??= { error };
    this.#wake?.();
  }

  #advance(position: Lsn): void {
    if (this.#closed) return;
    this.#open.position = position;
    this.#wake?.();
  }

  #seal(): void {
    this.#sealed.push(this.#takeOpen());
    this.#wake?.();
  }

  #takeOpen(): Batch {
    const batch = this.#open;
    this.#open = new OpenBatch();
    this.#isUrgent = false;
    return batch;
  }
}
