import type { Change, ColumnValue } from '../domain/change.ts';
import type { Column, Table } from '../domain/table.ts';
import type { RowImage } from './expression.ts';

/** What a change says of one column of one image; undefined where the stream does not tell. */
export type ReadColumn = (change: Change) => ColumnValue;

/** Whether a change alters a column; undefined where the stream does not tell. */
export type ReadChanged = (change: Change) => boolean | undefined;

const UNTOLD = (): undefined => undefined;

/** Resolves a column in a table. A column that the table has not is never told. */
export function readerOf(table: Table, image: RowImage, name: string): ReadColumn {
  const index = table.columns.findIndex((column) => column.name === name);
  const column = table.columns[index];
  if (column === undefined) return UNTOLD;
  return image === 'row' ? readNew(index) : readOld(index, column);
}

/** Any of these columns: a change of one is enough, and only where none is known to have changed may it be untold. */
export function changedReaderOf(table: Table, names: readonly string[]): ReadChanged {
  const readers = names.map((name): ReadChanged => {
    const index = table.columns.findIndex((column) => column.name === name);
    const column = table.columns[index];
    return column === undefined ? UNTOLD : readChanged(index, column);
  });
  const [only] = readers;
  if (only !== undefined && readers.length === 1) return only;
  return (change) => {
    let answer: boolean | undefined = false;
    for (const reader of readers) {
      const one = reader(change);
      if (one === true) return true;
      if (one === undefined) answer = undefined;
    }
    return answer;
  };
}

function readNew(index: number): ReadColumn {
  return (change) => {
    switch (change.kind) {
      case 'insert':
        return change.new[index];
      case 'update': {
        // An unchanged TOAST value is not sent again; the old row has it where the replica identity covers it.
        const value = change.new[index];
        return value === undefined ? change.old?.[index] : value;
      }
      case 'delete':
        return change.old[index];
      case 'truncate':
        return undefined;
    }
  };
}

function readOld(index: number, column: Column): ReadColumn {
  return (change) => {
    switch (change.kind) {
      case 'insert':
        // As in a trigger of Postgres: every field of the row that there was not is NULL.
        return null;
      case 'update':
        return oldValue(change.new[index], change.old?.[index], change.old !== undefined, column);
      case 'delete':
        return change.old[index];
      case 'truncate':
        return undefined;
    }
  };
}

/** Without an old row, no column of the replica identity has changed. */
function oldValue(newValue: ColumnValue, sent: ColumnValue, isSent: boolean, column: Column): ColumnValue {
  return !isSent && column.inIdentity ? newValue : sent;
}

function readChanged(index: number, column: Column): ReadChanged {
  return (change) => {
    if (change.kind !== 'update') return true;
    const newValue = change.new[index];
    // The server leaves out a stored TOAST value only where the row still points to it.
    if (newValue === undefined) return false;
    const old = oldValue(newValue, change.old?.[index], change.old !== undefined, column);
    return old === undefined ? undefined : old !== newValue;
  };
}
