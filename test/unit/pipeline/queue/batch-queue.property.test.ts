import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Batch } from '../../../../src/domain/batch.ts';
import type { CacheKey, Effect, Origin } from '../../../../src/domain/effect.ts';
import { effectName } from '../../../../src/domain/effect-name.ts';
import { type Lsn, toLsn } from '../../../../src/domain/lsn.ts';
import { formatVersion, type Version } from '../../../../src/domain/version.ts';
import { BatchQueue } from '../../../../src/pipeline/queue/batch-queue.ts';
import { redisGlobMatches } from '../../template/redis-glob.ts';

/** Two rules that delete the same keys, one that writes them as well, and one that writes keys of its own. */
const ORIGINS: readonly Origin[] = ['p:*', 'p:*', 'p:*', 'q:*'].map((pattern, index) => ({
  rule: `rule-${index}`,
  template: pattern,
  pattern,
}));
const WRITERS: ReadonlySet<Origin> = new Set(ORIGINS.slice(2));
const EXPIRY = { ttlMs: 1_000, jitter: 0 };
const CHANNEL = { kind: 'publish', to: 'channel', name: 'changes' } as const;

const LIMITS = { maxKeys: 4, maxBytes: 4_000 };
const LARGEST_EFFECT_BYTES = 1_000;

type Step =
  /** A commit and the next begin. */
  | { readonly kind: 'commit' | 'keepalive' | 'take' | 'release' }
  /** Deletes the key, or writes it, as the rule does; or tells of it. */
  | { readonly kind: 'touch' | 'tell'; readonly origin: number; readonly id: number }
  | { readonly kind: 'purge'; readonly origin: number };

const origin = fc.nat({ max: ORIGINS.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('touch'), origin, id: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tell'), origin, id: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge'), origin }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('commit', 'keepalive', 'take', 'release') }),
  },
);

/** An effect that was added, and when. */
interface Added {
  readonly effect: Effect;
  readonly xid: number;
  /** How many batches had been handed out by then: none of them can hold it. */
  readonly afterBatches: number;
  commit: Lsn | undefined;
}

/** Plays the steps as session does, and keeps a record of what went in and what came out. */
class Play {
  readonly queue = new BatchQueue(LIMITS);
  readonly added: Added[] = [];
  readonly batches: Batch[] = [];
  readonly #unreleased: Batch[] = [];
  #now = 0n;
  #xid = 0;
  #ordinal = 0;
  #waiting = false;

  constructor() {
    this.#begin();
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      this.#do(each);
      await settled();
      expect(this.queue.outstandingBytes).toBeGreaterThanOrEqual(0);
    }
    // The transaction ends and everything is taken and applied.
    this.queue.keepalive(this.#tick(1_000n));
    this.#commit();
    for (let batches = -1; batches < this.batches.length; ) {
      batches = this.batches.length;
      this.#take();
      await settled();
    }
    this.#release(this.#unreleased.length);
  }

  #do(each: Step): void {
    switch (each.kind) {
      case 'touch':
        this.#add(this.#touch(originOf(each.origin), each.id));
        break;
      case 'tell': {
        const own = originOf(each.origin);
        this.#add({ kind: 'publish', subject: { key: keyOf(own, each.id) }, to: CHANNEL, origin: own });
        break;
      }
      case 'purge': {
        const own = originOf(each.origin);
        const purge = { kind: 'purge', of: 'keys', pattern: own.pattern, origin: own } as const;
        this.#add(WRITERS.has(own) ? { ...purge, version: this.#version() } : purge);
        break;
      }
      case 'commit':
        this.#commit();
        this.#begin();
        break;
      case 'keepalive':
        // What the server has written may be far behind the commit that follows in the stream.
        this.queue.keepalive(toLsn(this.#now + 1_000n));
        break;
      case 'take':
        this.#take();
        break;
      case 'release':
        this.#release(1);
        break;
    }
  }

  #touch(own: Origin, id: number): Effect {
    const key = keyOf(own, id);
    if (!WRITERS.has(own)) return { kind: 'delete', key, origin: own };
    const version = this.#version();
    const write = { op: 'set', value: formatVersion(version), expiry: EXPIRY } as const;
    return { kind: 'write', key, write, version, origin: own };
  }

  #version(): Version {
    return { epoch: 1, commitLsn: BigInt(this.#xid), ordinal: ++this.#ordinal };
  }

  #begin(): void {
    this.#ordinal = 0;
    this.queue.begin({ xid: ++this.#xid, commitLsn: toLsn(BigInt(this.#xid)), commitTimeMs: this.#xid });
  }

  #add(effect: Effect): void {
    this.added.push({
      effect,
      xid: this.#xid,
      afterBatches: this.batches.length,
      commit: undefined,
    });
    this.queue.add(effect);
  }

  #commit(): void {
    const position = this.#tick(10n);
    for (const each of this.added) each.commit ??= position;
    this.queue.commit(position);
  }

  /** One consumer: asks again only after it got what it asked for. */
  #take(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    void this.queue.next().then((batch) => {
      this.#waiting = false;
      if (batch === undefined) return;
      this.batches.push(batch);
      this.#unreleased.push(batch);
    });
  }

  #release(count: number): void {
    for (const batch of this.#unreleased.splice(0, count)) this.queue.release(batch);
  }

  #tick(by: bigint): Lsn {
    this.#now += by;
    return toLsn(this.#now);
  }
}

function originOf(index: number): Origin {
  const found = ORIGINS[index];
  if (found === undefined) throw new Error('no such origin');
  return found;
}

/** Long enough for every promise that can settle now to have done so. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A long key now and then reaches the limit of bytes before that of keys. */
function keyOf({ pattern }: Origin, id: number): CacheKey {
  return pattern.replace('*', 'x'.repeat(id * 100)) as CacheKey;
}

function isAsNew(version: Version | undefined, as: Version): boolean {
  return version !== undefined && formatVersion(version) >= formatVersion(as);
}

/** Whether a purge, which may go on at a place that was reached for its cause alone, is done for the effect as well. */
function standsFor({ cause }: Extract<Effect, { kind: 'purge' }>, { xid }: Pick<Added, 'xid'>): boolean {
  return cause === undefined || cause >= BigInt(xid);
}

/** Whether applying the batch does what the effect does, or what a later one does in its stead. */
function covers(batch: Batch, added: Added): boolean {
  const { effect } = added;
  switch (effect.kind) {
    case 'purge': {
      const purge = batch.purges.get(`keys ${effect.pattern}`);
      if (purge === undefined || !standsFor(purge, added)) return false;
      if (purge.version === undefined) return true;
      return effect.version !== undefined && isAsNew(purge.version, effect.version);
    }
    case 'publish':
      return batch.messages.has(effectName(effect));
    case 'write':
      // The fence has to be left, whatever becomes of the value.
      return isAsNew(batch.keys.get(effect.key)?.version, effect.version);
    case 'delete':
      if (batch.keys.get(effect.key)?.kind === 'delete') return true;
      return batch.purges
        .values()
        .some(
          (purge) =>
            purge.version === undefined &&
            standsFor(purge, added) &&
            redisGlobMatches(purge.pattern, effect.key),
        );
    default:
      throw new Error(`no such effect here: ${effect.kind}`);
  }
}

test('whatever the interleaving, no effect is lost, doubled, moved or acknowledged before it is seen', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const play = new Play();
      await play.run(steps);
      const { added, batches, queue } = play;

      for (const each of added) {
        // From the first batch that could hold it, to the one whose position says that it is done.
        const settling = batches.findIndex(
          ({ position }) => position !== undefined && position >= (each.commit ?? 0n),
        );
        expect(settling).toBeGreaterThanOrEqual(0);
        const holders = batches.slice(each.afterBatches, settling + 1).filter((batch) => covers(batch, each));
        expect(holders.some(({ commits }) => commits.has(each.xid))).toBe(true);
      }

      const appearances = batches.flatMap(({ keys }) => [...keys.values()]);
      const order = appearances
        .filter(({ kind, version }) => kind === 'delete' && version === undefined)
        .map((effect) => added.findIndex((each) => each.effect === effect));
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      for (const versions of Map.groupBy(appearances, ({ key }) => key).values()) {
        const texts = versions.flatMap(({ version }) =>
          version === undefined ? [] : formatVersion(version),
        );
        expect(texts).toEqual(texts.toSorted());
      }

      for (const { keys, purges, messages, isOrdered, bytes } of batches) {
        for (const [key, effect] of keys) expect(effect.key).toBe(key);
        const deletes = [...keys.values()].filter(({ kind }) => kind === 'delete');
        for (const { key, origin: own } of deletes) {
          const sources = added.filter(({ effect }) => effect.kind === 'delete' && effect.key === key);
          // The purge of another rule covers no deletes that came before it, and may have made this one stand for more.
          const isAlone = added.every(
            ({ effect: { kind, origin: other } }) =>
              kind !== 'purge' || other === own || other.pattern !== own.pattern,
          );
          for (const purge of purges.values().filter((each) => isAlone && each.origin === own)) {
            expect(sources.every((source) => standsFor(purge, source))).toBe(false);
          }
        }
        const fenced = [...keys.values(), ...purges.values()].filter(({ version }) => version !== undefined);
        if (fenced.length + messages.size > 0) expect(isOrdered).toBe(true);
        expect(keys.size).toBeLessThanOrEqual(LIMITS.maxKeys);
        expect(bytes).toBeLessThan(LIMITS.maxBytes / 4 + LARGEST_EFFECT_BYTES);
      }

      const positions = batches.flatMap(({ position }) => (position === undefined ? [] : [position]));
      expect(positions).toEqual(positions.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
      expect(queue.outstandingBytes).toBe(0);
      expect(queue.room).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
