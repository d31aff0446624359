import type { Batch } from '../../domain/batch.ts';
import { combineEffects } from '../../domain/combine-effects.ts';
import type { CacheKey, Effect, KeyEffect, Origin } from '../../domain/effect.ts';
import { effectName } from '../../domain/effect-name.ts';
import { withLongerGrace } from '../../domain/longer-grace.ts';
import type { Query } from '../../domain/query.ts';
import { FanOutReader } from './fan-out-reader.ts';
import { Limiter } from './limiter.ts';
import { type CircuitOptions, QueryCircuits } from './query-circuits.ts';
import type { OnQueryFault } from './query-fault.ts';
import { RefreshReader } from './refresh-reader.ts';

/** Queries under way at once, of all batches; as many connections of the pool do not go to the visibility probe. */
const QUERIES_AT_ONCE = 4;

type FanOutEffect = Extract<Effect, { kind: 'fanOut' }>;
type RefreshEffect = Extract<Effect, { kind: 'refresh' }>;

export interface ExpanderOptions
  extends Pick<CircuitOptions, 'onCircuit'>,
    Partial<Pick<CircuitOptions, 'nowMs'>> {
  /** Gives every value in Postgres' text form. */
  readonly query: Query;
  readonly onFault: OnQueryFault;
  /** A fan-out has found more rows than it may; the keys of its template are purged instead. */
  readonly onOverflow: (origin: Origin, maxRows: number) => void;
}

/** Which of the keys are cached now; those that are not must be safe from readers that loaded them before the change. */
export type FindExisting = (refreshes: readonly RefreshEffect[]) => Promise<ReadonlySet<CacheKey>>;

/**
 * Asks the database for what rows alone do not tell: the keys of a fan-out, the values of a refresh. To be called only
 * for a batch whose transactions are visible, or the answers would be those from before the change.
 */
export class BatchExpander {
  readonly #fanOuts: FanOutReader;
  readonly #refreshes: RefreshReader;

  constructor({ query, onFault, onOverflow, onCircuit, nowMs = () => performance.now() }: ExpanderOptions) {
    const limiter = new Limiter(QUERIES_AT_ONCE);
    const limited: Query = (sql, values) => limiter.run(() => query(sql, values));
    const circuits = new QueryCircuits({ onCircuit, nowMs });
    this.#fanOuts = new FanOutReader({ query: limited, circuits, onFault, onOverflow });
    this.#refreshes = new RefreshReader({ query: limited, atOnce: QUERIES_AT_ONCE, circuits, onFault });
  }

  /**
   * The batch in parts that have nothing left to ask for, to be applied in their order: what removes, the values that
   * were read again, by and by as they take memory, and the messages. What cannot be asked is answered coarsely: a key
   * is removed, a fan-out purges its pattern.
   * @throws RetryableError when the server is away
   */
  async *expand(batch: Batch, findExisting: FindExisting): AsyncGenerator<Batch, void, undefined> {
    const found = batch.fanOuts.size === 0 ? batch : await this.#withKeysFound(batch);
    const refreshes = [...found.keys.values()].filter((effect) => effect.kind === 'refresh');
    if (refreshes.length === 0) {
      yield found;
      return;
    }
    const rest = found.keys.entries().filter(([, { kind }]) => kind !== 'refresh');
    yield { ...found, keys: new Map(rest), messages: NO_MESSAGES };

    // Not before the removals above are done.
    const uncertain = refreshes.filter((effect) => !effect.action.always || partOf(effect) !== undefined);
    const existing: ReadonlySet<CacheKey> =
      uncertain.length === 0 ? new Set() : await findExisting(uncertain);
    const parts = refreshes.flatMap((effect) => (existing.has(effect.key) ? (partOf(effect) ?? []) : []));
    const written = new Map(parts.map((part) => [part.key, part]));
    if (parts.length > 0) yield { ...found, keys: written, purges: NO_PURGES, messages: NO_MESSAGES };
    const wanted = refreshes.filter(
      ({ key, action }) => !written.has(key) && (action.always || existing.has(key)),
    );
    for await (const keys of this.#refreshes.read(wanted)) {
      yield { ...found, keys, purges: NO_PURGES, messages: NO_MESSAGES };
    }
    if (found.messages.size > 0) yield { ...found, keys: new Map(), purges: NO_PURGES };
  }

  /** The batch with the keys that its fan-outs find, each combined with what is to happen to it anyway. */
  async #withKeysFound(batch: Batch): Promise<Batch> {
    const expanded = {
      ...batch,
      keys: new Map(batch.keys),
      purges: new Map(batch.purges),
      messages: new Map(batch.messages),
      fanOuts: NO_FAN_OUTS,
    };
    const groups = [...Map.groupBy(batch.fanOuts.values(), queryName).values()];
    const found = await Promise.all(groups.map((group) => this.#fanOuts.read(group)));
    for (const effect of found.flat()) place(expanded, effect);
    return expanded;
  }
}

const NO_PURGES: Batch['purges'] = new Map();
const NO_MESSAGES: Batch['messages'] = new Map();
const NO_FAN_OUTS: Batch['fanOuts'] = new Map();

/** What a refresh becomes where its key exists; undefined where it must be read all the same. */
function partOf(effect: RefreshEffect): KeyEffect | undefined {
  const { key, part, version, origin } = effect;
  if (part === undefined || part.op === 'remove') return undefined;
  return { kind: 'write', key, write: part, version, origin };
}

/** Fan-outs of one name differ in their values only: one statement asks for all of them. */
function queryName({ origin, fanOut, typeOids }: FanOutEffect): string {
  return JSON.stringify([origin.rule, origin.template, fanOut.each.source, typeOids]);
}

interface GrowingBatch {
  readonly keys: Map<CacheKey, KeyEffect>;
  readonly purges: Map<string, Extract<Effect, { kind: 'purge' }>>;
  readonly messages: Map<string, Extract<Effect, { kind: 'publish' }>>;
}

function place({ keys, purges, messages }: GrowingBatch, effect: Effect): void {
  switch (effect.kind) {
    case 'purge': {
      // Without a fence it removes whatever one with a fence would.
      const name = effectName(effect);
      purges.set(name, withLongerGrace(effect, purges.get(name) ?? effect));
      return;
    }
    case 'publish':
      messages.set(effectName(effect), effect);
      return;
    case 'fanOut':
      throw new Error('a fan-out cannot yield another');
    default: {
      const known = keys.get(effect.key);
      keys.set(effect.key, known === undefined ? effect : combineEffects(known, effect));
    }
  }
}
