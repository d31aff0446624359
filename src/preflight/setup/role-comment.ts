import type { Rule } from '../../domain/rule.ts';
import { quoteIdentifier } from '../../domain/table.ts';
import { readingOf } from '../../sql/reading-of.ts';

/** What the daemon's role needs, as an SQL comment. */
export function roleComment(role: string, database: string, rules: readonly Rule[]): string {
  const name = quoteIdentifier(role);
  const reads =
    queriesOf(rules).length === 0
      ? ["-- The daemon's role needs LOGIN and REPLICATION, and no privilege on the tables:"]
      : [
          "-- The daemon's role needs LOGIN and REPLICATION and, of the tables, SELECT on what the queries of rules read",
          '-- (`freshet check`, connected as that role, prints the grants that it lacks):',
        ];
  return [
    ...reads,
    `--   CREATE ROLE ${name} LOGIN REPLICATION PASSWORD '...';   -- or: ALTER ROLE ${name} REPLICATION;`,
    `--   GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${name};`,
    `--   GRANT rds_replication TO ${name};   -- on Amazon RDS, instead of REPLICATION`,
  ].join('\n');
}

/** The queries of rules, where no server was asked what they read. @returns a comment, or none */
export function queryComment(rules: readonly Rule[]): readonly string[] {
  const queries = queriesOf(rules);
  if (queries.length === 0) return [];
  const lines = queries.map((query) => `--   ${query}`);
  return [
    ['-- The queries, which take SELECT on their relations and USAGE on the schemas:', ...lines].join('\n'),
  ];
}

/** `rule author: SELECT ...`, each once. */
function queriesOf(rules: readonly Rule[]): readonly string[] {
  const lines = rules.flatMap((rule) => {
    const templates = [
      ...rule.fanOuts.map(({ each }) => each),
      ...rule.keys.map((key) => readingOf(rule, key)?.query),
      rule.verify?.query,
    ];
    return templates
      .filter((template) => template !== undefined)
      .map(({ source }) => `rule ${rule.name}: ${source.replaceAll(/\s+/g, ' ')}`);
  });
  return [...new Set(lines)];
}
