import type { Finding } from '../../domain/finding.ts';
import type { Rule } from '../../domain/rule.ts';
import { quoteIdentifier } from '../../domain/table.ts';
import { createPublicationSql, createSlotSql } from '../../sql/setup-sql.ts';
import type { PostgresFacts } from '../facts/postgres-facts.ts';
import { checkPostgres, type PostgresWanted } from '../preflight.ts';
import { planSetup } from './plan-setup.ts';

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
  const obstacles = [...setupObstacles(facts, wanted), ...queryFindings].map(formatObstacle);
  const steps = planSetup(facts, wanted).map(({ sql }) => sql);
  const nothing = obstacles.length + steps.length === 0 ? ['-- Nothing is missing.'] : [];
  return join([HEADER, roleComment(role, database), ...obstacles, ...steps, ...nothing]);
}

/** The same without a server to ask: as if nothing existed. */
export function blindSetupScript(rules: readonly Rule[], wanted: PostgresWanted): string {
  const tables = [...Map.groupBy(rules, ({ table }) => JSON.stringify(table)).values()];
  const names = tables.flatMap((group) => group.slice(0, 1).map(({ table }) => table));
  return join([
    HEADER,
    '-- The server was not asked: this assumes that nothing exists yet, and that every table can be published\n' +
      '-- (else its UPDATE and DELETE fail). `freshet check` proves that beforehand.',
    roleComment('freshet', 'the_database'),
    createPublicationSql(wanted.publication, names),
    createSlotSql(wanted.slot),
  ]);
}

/** Errors that setup cannot mend itself, so that it must not begin. */
export function setupObstacles(facts: PostgresFacts, wanted: PostgresWanted): readonly Finding[] {
  return checkPostgres(facts, { ...wanted, createMissing: true }).filter(
    ({ severity }) => severity === 'error',
  );
}

const HEADER =
  '-- Freshet: what Postgres needs. Run the statements one by one and in this order, outside of a transaction block.';

function roleComment(role: string, database: string): string {
  const name = quoteIdentifier(role);
  return [
    "-- The daemon's role needs LOGIN and REPLICATION, and no privilege on the tables:",
    `--   CREATE ROLE ${name} LOGIN REPLICATION PASSWORD '...';   -- or: ALTER ROLE ${name} REPLICATION;`,
    `--   GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${name};`,
    `--   GRANT rds_replication TO ${name};   -- on Amazon RDS, instead of REPLICATION`,
  ].join('\n');
}

/** What `setup --apply` would run stands as it is; the rest needs a restart or a decision, and stays a comment. */
function formatObstacle({ code, subject, message, remedy = '', statements = [] }: Finding): string {
  const live = new Set(statements.flatMap(({ sql }) => sql.split('\n')));
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
