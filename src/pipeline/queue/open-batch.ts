import type { Batch } from '../../domain/batch.ts';
import { combineEffects } from '../../domain/combine-effects.ts';
import type { CacheKey, Effect, KeyEffect, Origin } from '../../domain/effect.ts';
import { effectName } from '../../domain/effect-name.ts';
import { withLongerGrace } from '../../domain/longer-grace.ts';
import type { Lsn } from '../../domain/lsn.ts';
import type { Transaction } from '../../domain/transaction.ts';
import { writtenBytes } from '../../domain/written-bytes.ts';

/** What a key costs beside its characters: the effect, the map's entry, the string's header (measured, rounded up). */
const EFFECT_BYTES = 200;
/** A commit in a map (measured, the larger ids). A hot key coalesces, the transactions that touch it do not. */
const COMMIT_BYTES = 70;

type Purge = Extract<Effect, { kind: 'purge' }>;
type Removal = Extract<KeyEffect, { kind: 'delete' | 'stale' }>;

/** A batch that still grows. */
export class OpenBatch implements Batch {
  readonly keys = new Map<CacheKey, KeyEffect>();
  readonly purges = new Map<string, Purge>();
  readonly messages = new Map<string, Extract<Effect, { kind: 'publish' }>>();
  readonly fanOuts = new Map<string, Extract<Effect, { kind: 'fanOut' }>>();
  readonly commits = new Map<number, Lsn>();
  isOrdered = false;
  position: Lsn | undefined;
  oldestCommitMs: number | undefined;
  bytes = 0;
  /** Of the keys, those that came after the last purge of their template. */
  readonly #origins = new Set<Origin>();
  /** Those under which something is to be written or read since the last purge of the same keys, by whatever rule. */
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
    if (transaction !== undefined && !this.commits.has(transaction.xid)) {
      this.oldestCommitMs ??= transaction.commitTimeMs;
      this.commits.set(transaction.xid, transaction.commitLsn);
      this.bytes += COMMIT_BYTES;
    }
    this.#place(effect, transaction);
    return this.bytes - before;
  }

  #place(effect: Effect, transaction: Transaction | undefined): void {
    switch (effect.kind) {
      case 'publish':
        this.isOrdered = true;
        return this.#put(this.messages, effectName(effect), effect);
      case 'purge':
        return this.#purge(effect, transaction);
      case 'write':
      case 'refresh':
        this.isOrdered = true;
        return this.#addKey(effect);
      case 'fanOut':
        this.isOrdered ||= effect.action.kind === 'publish';
        return this.#put(this.fanOuts, effectName(effect), effect);
      case 'delete':
      case 'stale':
        return this.#isPurged(effect, transaction) ? this.#unwrite(effect.key) : this.#addKey(effect);
      case 'purgeTag':
        return this.#addKey(effect);
    }
  }

  /** What was written between a purge and a delete that the purge takes the place of. */
  #unwrite(key: CacheKey): void {
    const written = this.keys.get(key);
    if (written !== undefined && isValue(written)) this.#cover(written);
  }

  /**
   * By a purge of the whole template, fenced ones apart: they spare what was written later. So does one of an earlier
   * transaction: it may be resumed after a crash, and then stands for nothing that came after it.
   */
  #isPurged(effect: Removal, transaction: Transaction | undefined): boolean {
    const { origin } = effect;
    const { pattern } = origin;
    const purge = this.purges.get(effectName({ kind: 'purge', of: 'keys', pattern, origin }));
    if (purge === undefined || purge.version !== undefined) return false;
    // One of another rule, that is not done once more or not so late.
    if (effect.kind === 'delete' && withLongerGrace(purge, effect) !== purge) return false;
    return purge.cause === undefined || purge.cause === transaction?.commitLsn;
  }

  /** Stronger than everything of its template that came before it. */
  #purge(effect: Purge, transaction: Transaction | undefined): void {
    if (effect.version !== undefined) this.isOrdered = true;
    this.#coverBy(effect);
    const name = effectName(effect);
    const known = this.purges.get(name);
    if (known === undefined) {
      this.#put(this.purges, name, { ...effect, cause: transaction?.commitLsn });
      return;
    }
    const cause = known.cause === undefined ? undefined : transaction?.commitLsn;
    // One without a fence removes whatever one with it would; of two fenced ones the later removes more.
    const kept = known.version === undefined ? withLongerGrace(known, effect) : effect;
    if (kept !== known || known.cause !== cause) this.purges.set(name, { ...kept, cause });
  }

  /** A mass change purges with every row, so this must be quick where nothing has come since the last time. */
  #coverBy({ of, pattern, origin: { rule } }: Purge): void {
    for (const origin of this.#origins) {
      if (origin.rule !== rule || origin.pattern !== pattern) continue;
      for (const covered of this.keys.values()) if (covered.origin === origin) this.#cover(covered);
      this.#origins.delete(origin);
    }
    // Values are stored after purges; one that another rule purges later must not come back so.
    for (const origin of this.#written) {
      if (of !== 'keys' || origin.pattern !== pattern) continue;
      for (const covered of this.keys.values()) {
        if (covered.origin === origin && isValue(covered)) this.#cover(covered);
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
    if (isValue(effect)) this.#written.add(origin);
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

function isValue({ kind }: KeyEffect): boolean {
  return kind === 'write' || kind === 'refresh';
}

function bytesOf(name: string, effect: Effect): number {
  const write = effect.kind === 'write' ? effect.write : effect.kind === 'refresh' ? effect.part : undefined;
  return EFFECT_BYTES + name.length + (write === undefined ? 0 : writtenBytes(write));
}
