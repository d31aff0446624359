import type { Batch } from '../../domain/batch.ts';
import { combineEffects } from '../../domain/combine-effects.ts';
import type { CacheKey, Effect, KeyEffect, Origin } from '../../domain/effect.ts';
import { effectName } from '../../domain/effect-name.ts';
import type { Lsn } from '../../domain/lsn.ts';
import type { Transaction } from '../../domain/transaction.ts';
import { writtenBytes } from '../../domain/written-bytes.ts';

/** What a key costs beside its characters: the effect, the map's entry, the string's header (measured, rounded up). */
const EFFECT_BYTES = 200;
/** A transaction id in a set. A hot key coalesces, the transactions that touch it do not. */
const XID_BYTES = 40;

type Purge = Extract<Effect, { kind: 'purge' }>;

/** A batch that still grows. */
export class OpenBatch implements Batch {
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
