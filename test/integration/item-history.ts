import * as fc from 'fast-check';
import { parseRules } from '../../src/config/load-rules.ts';
import type { Change } from '../../src/domain/change.ts';
import type { Effect } from '../../src/domain/effect.ts';
import { type Lsn, toLsn } from '../../src/domain/lsn.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { Table } from '../../src/domain/table.ts';
import { KeyPlanner } from '../../src/pipeline/plan/key-planner.ts';
import { ruleText } from './rule-text.ts';

/**
 * Histories of a table of few rows, as Postgres would send them, and what their keys must hold in the end: told from
 * the table alone, by other means than the code that is tested.
 */
export type Identity = 'default' | 'full';

/** What is done to the table; where it does not fit (a row that is not there), it does nothing. */
export type Step =
  | { readonly kind: 'insert'; readonly id: number; readonly note: string | null; readonly body: string }
  | {
      readonly kind: 'update';
      readonly id: number;
      /** The new primary key, where it is free. */
      readonly to: number | undefined;
      readonly note: string | null | undefined;
      /** Unchanged is not sent again: it is large. */
      readonly body: string | undefined;
    }
  | { readonly kind: 'delete'; readonly id: number }
  | { readonly kind: 'truncate' };

export interface Delivered {
  readonly xid: number;
  readonly commitLsn: Lsn;
  readonly endLsn: Lsn;
  /** The effects of its changes, in order. */
  readonly effects: readonly Effect[];
}

const id = fc.integer({ min: 1, max: 3 });
const note = fc.option(fc.constantFrom('hot', 'cold'));
const body = fc.constantFrom('long', 'longer', 'longest');

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), id, note, body }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      id,
      to: fc.option(id, { nil: undefined, freq: 3 }),
      note: fc.option(note, { nil: undefined }),
      body: fc.option(body, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('truncate' as const) }) },
);

export const transactions = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 10,
});

export function rulesFor(keyPrefix: string): readonly Rule[] {
  const table = 'public.items';
  return parseRules(
    ruleText(keyPrefix, [
      { name: 'row', table, keys: ['row:${id}'], set: { ttl: '1h' } },
      { name: 'text', table, keys: ['text:${id}'], set: { ttl: '1h', template: '${id} is ${note}' } },
      { name: 'hash', table, keys: ['hash:${id}'], hash: { ttl: '1h' } },
    ]),
    'rules.yaml',
  );
}

interface Row {
  readonly id: number;
  readonly note: string | null;
  readonly body: string;
  /** Whether its JSON, and its hash, can be in Redis: not where a large value was not sent again. */
  readonly hasJson: boolean;
  readonly hasHash: boolean;
}

/** Plays the steps on the table. */
export class ItemHistory {
  readonly delivered: readonly Delivered[];
  readonly #rows = new Map<number, Row>();
  readonly #identity: Identity;
  readonly #table: Table;
  readonly #rules: readonly Rule[];
  readonly #planner = new KeyPlanner();

  constructor(steps: readonly (readonly Step[])[], identity: Identity, rules: readonly Rule[]) {
    this.#identity = identity;
    this.#rules = rules;
    this.#table = {
      oid: 16_384,
      schema: 'public',
      name: 'items',
      identity,
      columns: [
        { name: 'id', typeOid: 23, inIdentity: true },
        { name: 'note', typeOid: 25, inIdentity: identity === 'full' },
        { name: 'body', typeOid: 25, inIdentity: identity === 'full' },
      ],
    };
    this.delivered = steps.map((each, index) => this.#transaction(each, index + 1));
  }

  /** What the keys hold when all is done, without the prefix. */
  get contents(): Readonly<Record<string, unknown>> {
    const contents: Record<string, unknown> = {};
    for (const row of this.#rows.values()) {
      const { note: of, body: text } = row;
      if (row.hasJson) contents[`row:${row.id}`] = JSON.stringify({ id: row.id, note: of, body: text });
      if (of !== null) contents[`text:${row.id}`] = `${row.id} is ${of}`;
      if (row.hasHash) {
        const fields = { id: String(row.id), body: text };
        contents[`hash:${row.id}`] = of === null ? fields : { ...fields, note: of };
      }
    }
    return contents;
  }

  #transaction(steps: readonly Step[], xid: number): Delivered {
    const commitLsn = toLsn(BigInt(xid) * 100n);
    const effects: Effect[] = [];
    let ordinal = 0;
    for (const change of steps.flatMap((each) => this.#change(each) ?? [])) {
      ordinal++;
      const version = () => ({ epoch: 1, commitLsn, ordinal });
      for (const rule of this.#rules) {
        this.#planner.plan(change, rule, version, (planned) => {
          if (planned.kind !== 'skip') effects.push(planned);
        });
      }
    }
    return { xid, commitLsn, endLsn: toLsn(BigInt(xid) * 100n + 50n), effects };
  }

  #change(each: Step): Change | undefined {
    const table = this.#table;
    if (each.kind === 'truncate') {
      this.#rows.clear();
      return { kind: 'truncate', table };
    }
    const row = this.#rows.get(each.id);
    if (each.kind === 'insert') {
      if (row !== undefined) return undefined;
      this.#rows.set(each.id, { ...each, hasJson: true, hasHash: true });
      return { kind: 'insert', table, new: [String(each.id), each.note, each.body] };
    }
    if (row === undefined) return undefined;
    this.#rows.delete(row.id);
    const isFull = this.#identity === 'full';
    const whole = [String(row.id), row.note, row.body];
    if (each.kind === 'delete')
      return { kind: 'delete', table, old: isFull ? whole : [String(row.id), undefined, undefined] };

    const moves = each.to !== undefined && each.to !== row.id && !this.#rows.has(each.to);
    const isSent = each.body !== undefined && each.body !== row.body;
    const next: Row = {
      id: moves ? (each.to ?? row.id) : row.id,
      note: each.note === undefined ? row.note : each.note,
      body: each.body ?? row.body,
      hasJson: isFull || isSent,
      hasHash: isFull || isSent || (row.hasHash && !moves),
    };
    this.#rows.set(next.id, next);
    const old = isFull ? whole : moves ? [String(row.id), undefined, undefined] : undefined;
    return { kind: 'update', table, new: [String(next.id), next.note, isSent ? next.body : undefined], old };
  }
}
