import type { Batch } from '../../domain/batch.ts';
import { combineEffects } from '../../domain/combine-effects.ts';
import type { CacheKey, Effect, KeyEffect, Origin, Write } from '../../domain/effect.ts';
import { effectName } from '../../domain/effect-name.ts';
import type { Lsn } from '../../domain/lsn.ts';
import type { Transaction } from '../../domain/transaction.ts';

/** What a key costs beside its characters: the effect, the map's entry, the string's header (measured, rounded up). */
const EFFECT_BYTES = 200;
/** A transaction id in a set. A hot key coalesces, the transactions that touch it do not. */
const XID_BYTES = 40;

type Purge = Extract<Effect, { kind: 'purge' }>;

/** A batch that still grows. */
class OpenBatch implements Batch {
  readonly keys = new Map<CacheKey, KeyEffect>();
  readonly purges = new Map<string, Purge>();
  readonly messages = new Map<string, Extract<Effect, { kind: 'publish' }>>();
  readonly fanOuts = new Map<string, Extract<Effect, { kind: 'fanOut' }>>();
  readonly xids = new Set<number>();
  isOrdered = false;
  position: Lsn | undefined;
  oldestCommitMs: number | undefined;
  bytes = 0;
  /** Of the keys, those that came after the last purge of their template. */
  readonly #origins = new Set<Origin>();
  /** Those under which something was written since the last purge of the same keys, by whatever rule. */
  readonly #written = new Set<Origin>();

  /** How many effects it holds. */
  get size(): number {
    return this.keys.size + this.purges.size + this.messages.size + this.fanOuts.size;
  }

  /**
   * @param transaction that the effect comes from; undefined for one that somebody ordered
   * @returns the bytes that it made the batch grow; negative for a purge that covers more than it adds
   */
  add(effect: Effect, transaction: Transaction | undefined): number {
    const before = this.bytes;
    if (transaction !== undefined && !this.xids.has(transaction.xid)) {
      this.oldestCommitMs ??= transaction.commitTimeMs;
      this.xids.add(transaction.xid);
      this.bytes += XID_BYTES;
    }
    this.#place(effect);
    return this.bytes - before;
  }

  #place(effect: Effect): void {
    switch (effect.kind) {
      case 'publish':
        this.isOrdered = true;
        return this.#put(this.messages, effectName(effect), effect);
      case 'purge':
        return this.#purge(effect);
      case 'write':
      case 'refresh':
        this.isOrdered = true;
        return this.#addKey(effect);
      case 'fanOut':
        this.isOrdered ||= effect.action.kind === 'publish';
        return this.#put(this.fanOuts, effectName(effect), effect);
      case 'delete':
        return this.#isPurged(effect) ? this.#unwrite(effect.key) : this.#addKey(effect);
      case 'purgeTag':
        return this.#addKey(effect);
    }
  }

  /** What was written between a purge and a delete that the purge takes the place of. */
  #unwrite(key: CacheKey): void {
    const written = this.keys.get(key);
    if (written?.kind === 'write' || written?.kind === 'refresh') this.#cover(written);
  }

  /** A purge of the whole template, fenced ones apart: they spare what was written later. */
  #isPurged({ origin }: KeyEffect): boolean {
    const { pattern } = origin;
    const purge = this.purges.get(effectName({ kind: 'purge', of: 'keys', pattern, origin }));
    return purge !== undefined && purge.version === undefined;
  }

  /** Stronger than everything of its template that came before it. */
  #purge(effect: Purge): void {
    if (effect.version !== undefined) this.isOrdered = true;
    this.#coverBy(effect);
    const name = effectName(effect);
    const known = this.purges.get(name);
    if (known === undefined) this.#put(this.purges, name, effect);
    // One without a fence removes whatever one with it would; of two fenced ones the later removes more.
    else if (known.version !== undefined) this.purges.set(name, effect);
  }

  /** A mass change purges with every row, so this must be quick where nothing has come since the last time. */
  #coverBy({ of, pattern, origin: { rule } }: Purge): void {
    for (const origin of this.#origins) {
      if (origin.rule !== rule || origin.pattern !== pattern) continue;
      for (const covered of this.keys.values()) if (covered.origin === origin) this.#cover(covered);
      this.#origins.delete(origin);
    }
    // Writes are applied after purges; one that another rule purges later must not come back so.
    for (const origin of this.#written) {
      if (of !== 'keys' || origin.pattern !== pattern) continue;
      for (const covered of this.keys.values()) {
        if (covered.origin === origin && covered.kind === 'write') this.#cover(covered);
      }
      this.#written.delete(origin);
    }
  }

  /** Of a write the fence stays: the purge finds only keys that exist, and older writes of others must be kept out too. */
  #cover(covered: KeyEffect): void {
    const { key, origin, version } = covered;
    this.bytes -= bytesOf(key, covered);
    if (version === undefined) {
      this.keys.delete(key);
      return;
    }
    const fence: KeyEffect = { kind: 'write', key, write: { op: 'remove' }, version, origin };
    this.keys.set(key, fence);
    this.bytes += bytesOf(key, fence);
  }

  #addKey(effect: KeyEffect): void {
    const { key, origin } = effect;
    this.#origins.add(origin);
    if (effect.kind === 'write') this.#written.add(origin);
    const known = this.keys.get(key);
    if (known === undefined) return this.#put(this.keys, key, effect);
    const combined = combineEffects(known, effect);
    if (combined === known) return undefined;
    this.keys.set(key, combined);
    this.bytes += bytesOf(key, combined) - bytesOf(key, known);
    return undefined;
  }

  #put<Name extends string, E extends Effect>(effects: Map<Name, E>, name: Name, effect: E): void {
    if (effects.has(name)) return;
    effects.set(name, effect);
    this.bytes += bytesOf(name, effect);
  }
}

function bytesOf(name: string, effect: Effect): number {
  const write = effect.kind === 'write' ? effect.write : effect.kind === 'refresh' ? effect.part : undefined;
  return EFFECT_BYTES + name.length + (write === undefined ? 0 : writtenBytes(write));
}

function writtenBytes(write: Write): number {
  switch (write.op) {
    case 'remove':
      return 0;
    case 'set':
      return write.value.length;
    case 'hash':
      return textLength(write.fields);
    case 'sortedSet':
      return textLength(write.members);
  }
}

function textLength(texts: ReadonlyMap<string, string | null>): number {
  return texts.entries().reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0);
}

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
