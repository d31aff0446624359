const INT4 = 23;
const TEXT = 25;

/** The columns of both tables of a random history, in the order of the tables, with the type that the stream names. */
export const COLUMN_TYPES = {
  id: INT4,
  slug: TEXT,
  grp: INT4,
  status: TEXT,
  price: INT4,
  body: TEXT,
} as const;

export type ColumnName = keyof typeof COLUMN_TYPES;

export const COLUMN_NAMES = Object.keys(COLUMN_TYPES) as readonly ColumnName[];

/** Postgres' text forms. `id` is the primary key, `slug` is unique, `id` and `status` are never NULL. */
export type StoredRow = Readonly<Record<ColumnName, string | null>>;

/** Some columns of a row as Postgres writes them in JSON. */
export function rowJson(row: StoredRow, columns: readonly ColumnName[]): string {
  const isNumber = (name: ColumnName, value: string | null) => value !== null && COLUMN_TYPES[name] === INT4;
  return JSON.stringify(
    Object.fromEntries(
      columns.map((name) => [name, isNumber(name, row[name]) ? Number(row[name]) : row[name]]),
    ),
  );
}

/** What is in the two tables at one moment. */
export type TableState = readonly [readonly StoredRow[], readonly StoredRow[]];

export const TABLE_INDEXES = [0, 1] as const;
export type TableIndex = (typeof TABLE_INDEXES)[number];

/** Begins every value of `body` that Postgres keeps out of line, and so leaves out of an UPDATE that does not set it. */
const LARGE = 'L';

export function isLarge(value: string | null): boolean {
  return value?.startsWith(LARGE) === true;
}
