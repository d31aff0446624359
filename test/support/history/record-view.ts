import * as fc from 'fast-check';
import type { TestRule } from '../../integration/rule-text.ts';
import { changedCondition } from './changed-condition.ts';
import type { RowChange } from './history.ts';
import { type Identity, isTold } from './identity.ts';
import { columnsOf, type KeyShape, keyOf, templateOf } from './key-shape.ts';
import {
  COLUMN_NAMES,
  type ColumnName,
  isLarge,
  rowJson,
  type StoredRow,
  TABLE_INDEXES,
} from './stored-row.ts';
import type { Content, View } from './view.ts';
import { TABLE_NAMES } from './wire.ts';

/** Each tells one row of a table from all others. */
const SHAPES: readonly KeyShape[] = [
  [{ column: 'id' }],
  [{ column: 'slug' }],
  [{ column: 'grp' }, ':', { column: 'id' }],
];

/** The value of a template, as a rule writes it. */
const TEXT_VALUE: KeyShape = ['<', { column: 'price' }, ' ', { column: 'status', isUpper: true }, '>'];

/** How the work is shared with a second rule, which deletes: `state` is for rows that are cached only while live. */
const COMPANIONS = ['none', 'none', 'deletes', 'inserts', 'state'] as const;

const spec = fc.record({
  kind: fc.constant('record'),
  table: fc.constantFrom(...TABLE_INDEXES),
  shape: fc.constantFrom(...SHAPES),
  form: fc.constantFrom('json', 'json', 'text', 'hash', 'hash', 'hashWithEmpty'),
  columns: fc.option(fc.shuffledSubarray([...COLUMN_NAMES], { minLength: 1, maxLength: 3 })),
  isGuarded: fc.boolean(),
  companion: fc.constantFrom(...COMPANIONS),
  massChange: fc.constantFrom(undefined, undefined, 2),
});

export type RecordSpec = Readonly<typeof spec extends fc.Arbitrary<infer T> ? T : never>;

/** One row a key, which Freshet writes. */
export const recordSpecs: fc.Arbitrary<RecordSpec> = spec;

/** @param prefix of all its keys; @param name of its rules, in front */
export function recordView(name: string, prefix: string, given: RecordSpec): View {
  const record = new RecordKeys(prefix, given);
  return {
    rules: record.rules(name, `public.${TABLE_NAMES[given.table]}`),
    keysOf: (rows) => rows.map((row) => record.keyOf(row)).filter((key) => key !== undefined),
    contentOf(key, state) {
      const row = state[given.table].find((each) => record.keyOf(each) === key);
      return row === undefined ? undefined : record.contentOf(row);
    },
    writtenKeys: (changes, identities) => record.writtenKeys(changes, identities[given.table]),
  };
}

class RecordKeys {
  readonly #spec: RecordSpec;
  readonly #shape: KeyShape;
  readonly #columns: readonly ColumnName[];
  /** What the key and its value depend on. */
  readonly #watched: readonly ColumnName[];

  constructor(prefix: string, given: RecordSpec) {
    this.#spec = given;
    this.#shape = [prefix, ...given.shape];
    this.#columns = given.form === 'text' ? columnsOf(TEXT_VALUE) : (given.columns ?? COLUMN_NAMES);
    this.#watched = [...new Set([...this.#columns, ...columnsOf(this.#shape)])];
  }

  keyOf(row: StoredRow): string | undefined {
    return keyOf(this.#shape, row);
  }

  rules(name: string, table: string): readonly TestRule[] {
    const { companion, isGuarded, massChange } = this.#spec;
    const keys = [templateOf(this.#shape)];
    const limit = massChange === undefined ? {} : { massChange: { over: massChange, then: 'purge' } };
    const guard = isGuarded ? { when: changedCondition(this.#watched) } : {};
    const writer = { name, table, keys, ...guard, ...limit, ...this.#action() };
    const remover = { name: `${name}-companion`, table, keys };
    switch (companion) {
      case 'none':
        return [writer];
      case 'deletes':
        return [
          { ...writer, on: ['insert', 'update'] },
          { ...remover, on: ['delete', 'truncate'] },
        ];
      case 'inserts':
        return [
          { ...writer, on: ['insert'] },
          { ...remover, on: ['update', 'delete', 'truncate'] },
        ];
      case 'state':
        return [
          { ...writer, when: `row.status == 'live'` },
          { ...remover, when: `old.status == 'live' && row.status != 'live'` },
        ];
    }
  }

  #action(): Readonly<Record<string, unknown>> {
    const { form, columns } = this.#spec;
    const chosen = columns === null ? {} : { columns };
    switch (form) {
      case 'json':
        return { set: { ttl: '1h', ...chosen } };
      case 'text':
        return { set: { ttl: '1h', template: templateOf(TEXT_VALUE) } };
      case 'hash':
        return { hash: { ttl: '1h', ...chosen } };
      case 'hashWithEmpty':
        return { hash: { ttl: '1h', ...chosen, nulls: 'empty' } };
    }
  }

  /** Undefined where there is nothing to store. */
  contentOf(row: StoredRow): Content | undefined {
    const { companion, form } = this.#spec;
    if (companion === 'state' && row.status !== 'live') return undefined;
    if (form === 'text') return keyOf(TEXT_VALUE, row);
    if (form === 'json') return rowJson(row, this.#columns);
    const fields = this.#columns.flatMap((column): readonly [string, string][] => {
      const value = row[column] ?? (form === 'hashWithEmpty' ? '' : null);
      return value === null ? [] : [[column, value]];
    });
    return fields.length === 0 ? undefined : Object.fromEntries(fields);
  }

  /** A removal by another rule or of the whole family may come later than its place in the stream: those have none. */
  writtenKeys(changes: readonly RowChange[], identity: Identity): ReadonlySet<string> {
    const written = new Set<string>();
    if (this.#spec.companion !== 'none' || this.#spec.massChange !== undefined) return written;
    for (const change of changes) {
      if (change.table === this.#spec.table) this.#follow(change, identity, written);
    }
    return written;
  }

  #follow(change: RowChange, identity: Identity, written: Set<string>): void {
    switch (change.kind) {
      case 'truncate':
        return written.clear();
      case 'insert':
        return this.#store(change.after, written);
      case 'delete':
        return this.#isKeyTold(identity) ? this.#drop(change.before, written) : written.clear();
      case 'update':
        return this.#isKeyTold(identity) ? this.#update(change, identity, written) : written.clear();
    }
  }

  #update(
    { before, after }: Extract<RowChange, { kind: 'update' }>,
    identity: Identity,
    written: Set<string>,
  ): void {
    const isSameKey = this.keyOf(before) === this.keyOf(after);
    if (!isSameKey) this.#drop(before, written);
    const isValueTold =
      identity === 'full' ||
      !this.#columns.some((column) => isLarge(after[column]) && before[column] === after[column]);
    const isHash = this.#spec.form === 'hash' || this.#spec.form === 'hashWithEmpty';
    if (isHash && isSameKey) {
      // A part of a row goes only into a hash that exists.
      if (this.contentOf(after) === undefined) this.#drop(after, written);
    } else if (!isValueTold) this.#drop(after, written);
    else if (!this.#spec.isGuarded || this.#watched.some((column) => before[column] !== after[column])) {
      this.#store(after, written);
    }
  }

  #isKeyTold(identity: Identity): boolean {
    return isTold(columnsOf(this.#shape), identity);
  }

  #store(row: StoredRow, written: Set<string>): void {
    const key = this.keyOf(row);
    if (key === undefined) return;
    if (this.contentOf(row) === undefined) written.delete(key);
    else written.add(key);
  }

  #drop(row: StoredRow, written: Set<string>): void {
    const key = this.keyOf(row);
    if (key !== undefined) written.delete(key);
  }
}
