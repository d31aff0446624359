import type { Row } from '../../domain/change.ts';
import type { SqlTemplate } from '../../domain/sql-template.ts';
import type { Table } from '../../domain/table.ts';

/** The values of a query's parameters in a row; undefined where the row does not tell one of them. */
export type BindParameters = (row: Row) => readonly (string | null)[] | undefined;

export function compileParameters({ parameters }: SqlTemplate, table: Table): BindParameters {
  const indexes = parameters.map((name) => table.columns.findIndex((column) => column.name === name));
  return (row) => {
    const values: (string | null)[] = [];
    for (const index of indexes) {
      const value = row[index];
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  };
}
