/** The columns of both tables of a random history, in the order of the tables, with the type that the stream names. */
export const COLUMN_TYPES = { id: 23, slug: 25, grp: 23, status: 25, price: 23, body: 25 } as const;

export type ColumnName = keyof typeof COLUMN_TYPES;

export const COLUMN_NAMES = Object.keys(COLUMN_TYPES) as readonly ColumnName[];

/** Postgres' text forms. `id` is the primary key, `slug` is unique, `id` and `status` are never NULL. */
export type StoredRow = Readonly<Record<ColumnName, string | null>>;

/** What is in the two tables at one moment. */
export type TableState = readonly [readonly StoredRow[], readonly StoredRow[]];

export const TABLE_INDEXES = [0, 1] as const;
export type TableIndex = (typeof TABLE_INDEXES)[number];

/** Begins every value of `body` that Postgres keeps out of line, and so leaves out of an UPDATE that does not set it. */
const LARGE = 'L';

export function isLarge(value: string | null): boolean {
  return value?.startsWith(LARGE) === true;
}
