import type { Table } from '../../domain/table.ts';

/** The result of a query as a table, so that a template can be filled from its rows. */
export function resultTable(columns: readonly string[]): Table {
  const described = columns.map((name) => ({ name, typeOid: 0, inIdentity: false }));
  return { oid: 0, schema: '', name: '', identity: 'nothing', columns: described };
}
