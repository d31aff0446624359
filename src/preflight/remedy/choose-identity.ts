import type { ColumnFacts, RelationFacts } from '../facts/relation-facts.ts';

/** The cheapest replica identity that carries the wanted columns. */
export type IdentityChoice =
  | { readonly kind: 'default' }
  /** A unique index that is already there. */
  | { readonly kind: 'index'; readonly index: string }
  /** A unique index to be created: the columns of a unique set, then those that it lacks. */
  | {
      readonly kind: 'covering';
      readonly index: string;
      readonly columns: readonly string[];
      /** Added columns without a length limit: a long value does not fit into an index entry. */
      readonly unbounded: readonly string[];
      /** Indexes of that name which were never finished: to be dropped before, they burden every write. */
      readonly leftovers: readonly string[];
    }
  /** The whole row, and what leaves no other choice: a unique set is lacking, or wanted columns may be NULL. */
  | { readonly kind: 'full'; readonly lacksKey: boolean; readonly nullable: readonly string[] };

/** https://www.postgresql.org/docs/current/limits.html */
const MAX_INDEX_COLUMNS = 32;
const MAX_IDENTIFIER_BYTES = 63;

/** Types without a default B-tree operator class. */
const NOT_INDEXABLE = new Set([
  'json',
  'xml',
  'point',
  'line',
  'lseg',
  'box',
  'path',
  'polygon',
  'circle',
  'xid',
  'cid',
  'jsonpath',
]);
const UNBOUNDED = new Set(['text', 'varchar', 'citext', 'bytea', 'jsonb', 'numeric']);

/** A B-tree entry holds about 2,700 bytes, a character up to four. */
const MAX_SAFE_CHARACTERS = 600;

export function chooseIdentity(
  leaf: RelationFacts,
  wanted: readonly string[],
  /** Columns that an identity may not hold: generated ones that the publication leaves out. */
  forbidden: ReadonlySet<string>,
): IdentityChoice {
  const usable = leaf.uniqueIndexes.filter(({ columns }) =>
    columns.every((column) => isNotNull(leaf, column) && !forbidden.has(column)),
  );
  const fit = usable.find(({ columns }) => wanted.every((column) => columns.includes(column)));
  if (fit?.primary === true) return { kind: 'default' };
  if (fit !== undefined) return { kind: 'index', index: fit.name };

  const base = usable[0];
  const nullable = wanted.filter((column) => !isNotNull(leaf, column));
  const isUnfit = nullable.length > 0 || wanted.some((column) => !isIndexable(leaf, column));
  const columns = [...new Set([...(base?.columns ?? []), ...wanted])];
  if (base === undefined || isUnfit || columns.length > MAX_INDEX_COLUMNS)
    return { kind: 'full', lacksKey: base === undefined, nullable };
  const added = columns.slice(base.columns.length);
  const unbounded = added.filter((column) => isUnbounded(find(leaf, column)));
  return { kind: 'covering', ...nameIndex(leaf), columns, unbounded };
}

function find(leaf: RelationFacts, name: string): ColumnFacts | undefined {
  return leaf.columns.find((column) => column.name === name);
}

function isNotNull(leaf: RelationFacts, name: string): boolean {
  return find(leaf, name)?.notNull === true;
}

function isIndexable(leaf: RelationFacts, name: string): boolean {
  return !NOT_INDEXABLE.has(find(leaf, name)?.type ?? '');
}

function isUnbounded(column: ColumnFacts | undefined): boolean {
  if (column === undefined) return false;
  if (column.isArray) return true;
  const length = Number(/\((\d+)/.exec(column.sqlType)?.[1] ?? Infinity);
  return UNBOUNDED.has(column.type) && length > MAX_SAFE_CHARACTERS;
}

function nameIndex({
  name,
  oid,
  indexNames,
  unfinishedIndexes,
}: RelationFacts): Pick<Extract<IdentityChoice, { kind: 'covering' }>, 'index' | 'leftovers'> {
  const descriptive = `${name}_freshet_identity`;
  const isShort = new TextEncoder().encode(`${descriptive}_99`).length <= MAX_IDENTIFIER_BYTES;
  const stem = isShort ? descriptive : `freshet_identity_${oid}`;
  const leftovers = unfinishedIndexes.filter(
    (index) => index.startsWith(stem) && /^(_\d+)?$/.test(index.slice(stem.length)),
  );
  let index = stem;
  for (let next = 2; indexNames.includes(index); next++) index = `${stem}_${next}`;
  return { index, leftovers };
}
