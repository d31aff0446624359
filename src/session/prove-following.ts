import type { Settings } from '../config/settings.ts';
import type { FindingCode } from '../domain/finding-codes.ts';
import type { Query } from '../domain/query.ts';
import type { Rule } from '../domain/rule.ts';
import { checkPublication } from '../preflight/checks/check-publication.ts';
import { checkServer } from '../preflight/checks/check-server.ts';
import { readPostgresFacts } from '../preflight/facts/postgres-facts.ts';
import { refuseErrors } from './preflight-error.ts';

/** Without these nothing can be followed, or nothing ever arrives; whatever else `check` finds keeps nobody from looking. */
const NEEDED: ReadonlySet<FindingCode> = new Set([
  'WAL_LEVEL',
  'ROLE_LACKS_REPLICATION',
  'REPLICATION_SLOTS_FULL',
  'WAL_SENDERS_FULL',
  'PUBLICATION_MISSING',
  'PUBLICATION_LACKS_TABLE',
]);

/** Postgres itself says it with the first change, or by SQLSTATE alone. @throws PreflightError; whatever `query` throws */
export async function proveFollowing(
  query: Query,
  rules: readonly Rule[],
  postgres: Settings['postgres'],
): Promise<void> {
  const { server, publication, tables } = await readPostgresFacts(query, rules, postgres);
  const wanted = { ...postgres, createMissing: false };
  const findings = [...checkServer(server, undefined), ...checkPublication(publication, wanted, tables)];
  refuseErrors(findings.filter(({ code }) => NEEDED.has(code)));
}
