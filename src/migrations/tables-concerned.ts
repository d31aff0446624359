import { formatTableName, type TableName } from '../domain/table.ts';
import type { DdlEvent, DdlTable } from './migration-message.ts';

/** What is known of tables before the event. */
export interface KnownTables {
  /** The table of rules that a relation is, or is a partition of, or was. */
  ownerOf(oid: number): TableName | undefined;
  shapeOf(oid: number): string | undefined;
  /** The schema's name as it was. */
  schemaOf(oid: number): string | undefined;
}

export interface Concerned {
  /** Whose cached keys may be wrong. */
  readonly purge: readonly TableName[];
  /** An event worth a look at the catalog at once: it touched one of them, or a publication. */
  readonly recheck: boolean;
}

/**
 * The tables of rules that a command changed the values or the rows of.
 * @param ruled that rules name, each once
 */
export function tablesConcerned(event: DdlEvent, known: KnownTables, ruled: readonly TableName[]): Concerned {
  const byName = new Map(ruled.map((table) => [formatTableName(table), table]));
  const purge = new Set<TableName>();
  let recheck = event.publications.length > 0;
  for (const table of event.tables) {
    const names = [table, ...table.above, known.ownerOf(table.oid)];
    for (const name of names) {
      const owner = name === undefined ? undefined : byName.get(formatTableName(name));
      if (owner === undefined) continue;
      recheck = true;
      if (changesRows(table, known)) purge.add(owner);
    }
  }
  for (const { oid, name } of event.schemas) {
    for (const table of ruled) {
      // All that is known is that the schema was altered: a rename takes every table along.
      if (table.schema === name || table.schema === known.schemaOf(oid)) purge.add(table);
    }
  }
  return { purge: [...purge], recheck: recheck || purge.size > 0 };
}

function changesRows({ change, oid, shape, sameAs }: DdlTable, known: KnownTables): boolean {
  switch (change) {
    case 'created':
      return false;
    case 'dropped':
      return true;
    case 'altered': {
      const before = known.shapeOf(oid);
      return before === undefined || shape === undefined || (before !== shape && before !== sameAs);
    }
  }
}
