import type { Finding } from '../../domain/finding.ts';
import type { Rule } from '../../domain/rule.ts';
import type { Statement } from '../../domain/statement.ts';
import { formatTableName, type TableName } from '../../domain/table.ts';
import { listTables } from '../../sql/name-list.ts';
import { createPublicationSql, createSlotSql } from '../../sql/setup-sql.ts';
import { breaksWrites } from '../checks/check-identity.ts';
import type { PostgresFacts } from '../facts/postgres-facts.ts';
import { isStreamable } from '../facts/ruled-table.ts';
import type { PostgresWanted } from '../preflight.ts';
import { concernsStream } from './plan-mends.ts';
import { planMissing } from './plan-missing.ts';
import { queryComment, roleComment } from './role-comment.ts';

/**
 * SQL to hand to whoever has the privilege: what hinders first, then what is missing. What the daemon's role needs
 * stands in comments, since a role is a decision.
 * @param queryFindings what checkQueries found
 */
export function setupScript(
  facts: PostgresFacts,
  wanted: PostgresWanted,
  queryFindings: readonly Finding[] = [],
): string {
  const { role, database } = facts.server;
  const { plan, obstacles } = planMissing(facts, wanted);
  const unsafe = unsafeLeaves(facts, obstacles);
  const isLive = (statement: Statement): boolean => unsafe.length === 0 || !concernsStream(statement);
  const found = [...obstacles, ...queryFindings].map((finding) => formatObstacle(finding, isLive));
  const missing = plan.map(({ statement }) => (isLive(statement) ? statement.sql : comment(statement.sql)));
  const warning = `-- Not before the replica identity of ${listTables(unsafe)} is mended: UPDATE and DELETE would fail there.`;
  const nothing = found.length + missing.length === 0 ? ['-- Nothing is missing.'] : [];
  const rules = facts.tables.flatMap((table) => table.rules);
  const needs = roleComment(role, database, rules);
  return join([HEADER, needs, ...found, ...(unsafe.length > 0 ? [warning] : []), ...missing, ...nothing]);
}

/** The same without a server to ask: as if nothing existed. */
export function blindSetupScript(rules: readonly Rule[], wanted: PostgresWanted): string {
  const tables = [...Map.groupBy(rules, ({ table }) => JSON.stringify(table)).values()];
  const names = tables.flatMap((group) => group.slice(0, 1).map(({ table }) => table));
  return join([
    HEADER,
    '-- The server was not asked: this assumes that nothing exists yet, and that every table can be published\n' +
      '-- (else its UPDATE and DELETE fail). `freshet check` proves that beforehand.',
    roleComment('freshet', 'the_database', rules),
    ...queryComment(rules),
    createPublicationSql(wanted.publication, names),
    createSlotSql(wanted.slot),
  ]);
}

const HEADER =
  '-- Freshet: what Postgres needs. Run the statements one by one and in this order, outside of a transaction block.';

/** Tables whose writes would fail once they are published, with all that stands live in the script. */
function unsafeLeaves(
  { server, publication, tables }: PostgresFacts,
  obstacles: readonly Finding[],
): readonly TableName[] {
  const mended = new Set(
    obstacles
      .flatMap(({ statements = [] }) => statements)
      .flatMap((statement) => (statement.kind === 'alter-table' ? [statement.table] : [])),
  );
  const generated = { version: server.version, published: publication?.generatedColumns ?? false };
  return tables
    .filter(isStreamable)
    .flatMap(({ leaves }) => leaves)
    .filter((leaf) => breaksWrites(leaf, generated) && !mended.has(formatTableName(leaf)));
}

/** What `setup --apply` would run stands as it is; the rest needs a restart or a decision, and stays a comment. */
function formatObstacle(
  { code, subject, message, remedy = '', statements = [] }: Finding,
  isLive: (statement: Statement) => boolean,
): string {
  const live = new Set(statements.filter(isLive).flatMap(({ sql }) => sql.split('\n')));
  const lines = remedy.split('\n').map((line) => {
    return line === '' || line.startsWith('--') || live.has(line) ? line : `-- ${line}`;
  });
  return [comment(`${code} ${subject}: ${message}`), ...lines].filter((line) => line !== '').join('\n');
}

function comment(text: string): string {
  return `-- ${text.replaceAll('\n', '\n-- ')}`;
}

function join(blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`;
}
