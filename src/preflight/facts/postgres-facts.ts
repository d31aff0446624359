import type { Settings } from '../../config/settings.ts';
import type { Query } from '../../domain/query.ts';
import type { Rule } from '../../domain/rule.ts';
import type { TableName } from '../../domain/table.ts';
import { type DdlCaptureState, readDdlCapture } from '../../migrations/ddl-capture-state.ts';
import { type PublicationFacts, readPublicationFacts } from './publication-facts.ts';
import { type RuledTable, readRuledTables, readTableNames } from './ruled-table.ts';
import { readServerFacts, type ServerFacts } from './server-facts.ts';
import { readSlotFacts, type SlotFacts } from './slot-facts.ts';

/** All that the checks and the setup need to know of a server; values alone, so that both are pure. */
export interface PostgresFacts {
  readonly server: ServerFacts;
  readonly slot: SlotFacts | undefined;
  readonly publication: PublicationFacts | undefined;
  readonly tables: readonly RuledTable[];
  readonly ddlCapture: DdlCaptureState;
  /** Names to suggest; empty where every table was found. */
  readonly allNames: readonly TableName[];
}

/** @throws whatever `query` throws */
export async function readPostgresFacts(
  query: Query,
  rules: readonly Rule[],
  { slot, publication }: Pick<Settings['postgres'], 'slot' | 'publication'>,
): Promise<PostgresFacts> {
  const server = await readServerFacts(query);
  const tables = await readRuledTables(query, rules);
  return {
    server,
    slot: await readSlotFacts(query, slot),
    publication: await readPublicationFacts(query, publication),
    tables,
    ddlCapture: await readDdlCapture(query),
    allNames: tables.every(({ relation }) => relation !== undefined) ? [] : await readTableNames(query),
  };
}
