import type { Settings } from '../../config/settings.ts';
import { addTablesSql, createPublicationSql, createSlotSql } from '../../sql/setup-sql.ts';
import { unpublishedTables } from '../checks/check-publication.ts';
import type { PostgresFacts } from '../facts/postgres-facts.ts';
import { isStreamable } from '../facts/ruled-table.ts';

/** One statement that `freshet setup` runs, as it stands. */
export interface SetupStep {
  readonly kind: 'create-publication' | 'add-tables' | 'create-slot';
  readonly sql: string;
}

/**
 * What is missing, in the only order that works: a slot made before its publication stops at the first change in
 * between, for ever. Of partitioned tables the root is named, its partitions come along. Nothing is ever dropped.
 */
export function planSetup(
  { publication, slot, tables }: Pick<PostgresFacts, 'publication' | 'slot' | 'tables'>,
  wanted: Pick<Settings['postgres'], 'slot' | 'publication'>,
): readonly SetupStep[] {
  const steps: SetupStep[] = [];
  const absent = unpublishedTables(publication, tables).map(({ name }) => name);
  if (publication === undefined) {
    const names = tables.filter(isStreamable).map(({ name }) => name);
    steps.push({ kind: 'create-publication', sql: createPublicationSql(wanted.publication, names) });
  } else if (absent.length > 0)
    steps.push({ kind: 'add-tables', sql: addTablesSql(wanted.publication, absent) });
  if (slot === undefined) steps.push({ kind: 'create-slot', sql: createSlotSql(wanted.slot) });
  return steps;
}
