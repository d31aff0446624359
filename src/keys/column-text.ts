import type { HelperName } from './helper-source.ts';

/** What the catalog says of a column in a key. */
export interface KeyColumn {
  /** `pg_type.typname`, of the base type for a domain: `int8`, `bpchar`. */
  readonly type: string;
  /** As SQL writes it, with its modifier: `numeric(10,2)`; the domain's name for a domain. */
  readonly sqlType: string;
}

/** How generated code makes a column's text form of what an application has in its hands. */
export interface ColumnText {
  /** The TypeScript type of the parameter. */
  readonly parameter: string;
  readonly helper: HelperName;
  /** Further arguments of the helper. */
  readonly settings: readonly (number | string)[];
}

const TEXT: ColumnText = { parameter: 'string', helper: 'text', settings: [] };
const INTEGER: ColumnText = { parameter: 'bigint | number | string', helper: 'integer', settings: [] };

/** Dates and numbers of JavaScript only where they lose nothing: a Date has no microseconds, a number 53 bits. */
const BY_TYPE: Readonly<Record<string, (sqlType: string) => ColumnText>> = {
  int2: () => INTEGER,
  int4: () => INTEGER,
  int8: () => INTEGER,
  oid: () => INTEGER,
  bool: () => ({ parameter: 'boolean', helper: 'bool', settings: [] }),
  uuid: () => ({ parameter: 'string', helper: 'uuid', settings: [] }),
  bytea: () => ({ parameter: 'Uint8Array | string', helper: 'bytea', settings: [] }),
  numeric: (sqlType) => ({ parameter: 'string', helper: 'numeric', settings: modifier(sqlType, 1) }),
  bpchar: (sqlType) => {
    const settings = modifier(sqlType, 0);
    return settings.length === 0 ? TEXT : { parameter: 'string', helper: 'padded', settings };
  },
  date: () => ({ parameter: 'string', helper: 'date', settings: [] }),
  time: () => ({ parameter: 'string', helper: 'time', settings: [] }),
  timestamp: () => ({ parameter: 'string', helper: 'timestamp', settings: [] }),
  timestamptz: (sqlType) => {
    const [precision = 6] = modifier(sqlType, 0);
    return precision <= 3
      ? { parameter: 'Date | string', helper: 'timestamptzOfDate', settings: [] }
      : { parameter: 'string', helper: 'timestamptz', settings: [] };
  },
};

/** Everything else, and every column without a catalog, is text as Postgres returns it. */
export function columnText(column: KeyColumn | undefined): ColumnText {
  return (column && BY_TYPE[column.type]?.(column.sqlType)) ?? TEXT;
}

/** `numeric(10,2)` has 2 at 1; a scale below zero means no decimals. */
function modifier(sqlType: string, index: number): readonly number[] {
  const [, written] = /\(([-\d, ]+)\)/.exec(sqlType) ?? [];
  const value = written?.split(',')[index];
  if (written === undefined) return [];
  return [Math.max(0, Number(value ?? 0))];
}
