import type { Effect } from '../../domain/effect.ts';
import { effectOnAll } from '../../domain/effect-on-all.ts';
import { QueryTimeoutError } from '../../domain/errors.ts';
import type { Query } from '../../domain/query.ts';
import { fanOutQuery, fanOutValues } from '../../sql/fan-out-query.ts';
import { readTypeNames } from '../../sql/type-names.ts';
import type { ExpanderOptions } from './batch-expander.ts';
import { fanOutEffects } from './fan-out-effects.ts';
import type { QueryCircuits } from './query-circuits.ts';
import { isServerAway } from './query-fault.ts';

type FanOutEffect = Extract<Effect, { kind: 'fanOut' }>;

interface FanOutOptions extends Pick<ExpanderOptions, 'query' | 'onFault' | 'onOverflow'> {
  readonly circuits: QueryCircuits;
}

/** Finds the keys of fan-outs: one statement for all changes of a batch that ask the same. */
export class FanOutReader {
  readonly #options: FanOutOptions;
  /** By oids. A type that is renamed makes one statement fail, after which it is asked for again. */
  readonly #typeNames = new Map<string, readonly string[]>();

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  /**
   * The effects on the keys found, or on all keys of the template where there are too many or nobody can tell.
   * @param effects that differ in their values only
   * @throws RetryableError when the server is away
   */
  async read(effects: readonly FanOutEffect[]): Promise<readonly Effect[]> {
    const [first] = effects;
    if (first === undefined) return [];
    const { query, circuits, onFault, onOverflow } = this.#options;
    const { fanOut, origin, action, typeOids } = first;
    if (!circuits.admits(origin)) return [effectOnAll(action, origin)];
    try {
      const sql = fanOutQuery(fanOut, await this.#namesOf(query, typeOids));
      const values = fanOutValues(
        fanOut,
        effects.map((effect) => effect.values),
      );
      const rows = await query<Record<string, string | null>>(sql, values);
      circuits.report(origin, false);
      if (rows.length <= fanOut.maxRows) return fanOutEffects(first, rows);
      onOverflow(origin, fanOut.maxRows);
    } catch (error) {
      if (isServerAway(error)) throw error;
      this.#typeNames.clear();
      circuits.report(origin, error instanceof QueryTimeoutError);
      onFault(origin, fanOut.each, error);
    }
    return [effectOnAll(action, origin)];
  }

  async #namesOf(query: Query, oids: readonly number[]): Promise<readonly string[]> {
    const id = oids.join();
    let names = this.#typeNames.get(id);
    if (names === undefined) this.#typeNames.set(id, (names = await readTypeNames(query, oids)));
    return names;
  }
}
