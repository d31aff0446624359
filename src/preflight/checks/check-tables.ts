import { isFanOutAction } from '../../domain/fan-out-action.ts';
import type { Finding } from '../../domain/finding.ts';
import type { ErrorCode } from '../../domain/finding-codes.ts';
import type { Rule } from '../../domain/rule.ts';
import { formatTableName, type TableName } from '../../domain/table.ts';
import { listTables } from '../../sql/name-list.ts';
import { nearestName } from '../../suggest/nearest-name.ts';
import { isTable, type RuledTable } from '../facts/ruled-table.ts';

const MATERIALIZED_VIEW = 'm';

/** What else a name may stand for, and why logical replication says nothing about it. */
const REFUSED_KINDS: Readonly<Record<string, string>> = {
  v: 'is a view; write a rule for each table that it reads',
  f: 'is a foreign table: its changes happen on another server',
  S: 'is a sequence, and those are not replicated',
  c: 'is a composite type',
  i: 'is an index',
  I: 'is an index',
  t: 'is a TOAST table',
};

/** Whether the changes of a rule's table can reach the stream at all. */
export function checkTables(
  tables: readonly RuledTable[],
  allNames: readonly TableName[],
): readonly Finding[] {
  return tables.flatMap((table) => checkTable(table, allNames));
}

function checkTable(table: RuledTable, allNames: readonly TableName[]): readonly Finding[] {
  const { relation, rules } = table;
  const name = formatTableName(table.name);
  const named = `named by ${rules.map((rule) => `rule ${rule.name} (${rule.where})`).join(', ')}`;
  const refuse = (code: ErrorCode, message: string, remedy?: string): readonly Finding[] => [
    { code, severity: 'error', subject: name, message, ...(remedy === undefined ? {} : { remedy }) },
  ];
  if (relation === undefined) {
    const near = nearestTable(table.name, allNames);
    return refuse(
      'TABLE_MISSING',
      `does not exist, ${named}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  if (relation.kind === MATERIALIZED_VIEW)
    return [
      {
        code: 'TABLE_IS_MATVIEW',
        severity: 'info',
        subject: name,
        message:
          'is a materialized view: it has no row events, so all keys of its rules are purged when it is refreshed',
      },
      ...rules.flatMap((rule) => checkViewAction(rule, name)),
    ];
  if (!isTable(relation))
    return refuse('TABLE_KIND', `${REFUSED_KINDS[relation.kind] ?? 'is no table'}; it is ${named}`);
  if (relation.root !== null)
    return refuse(
      'TABLE_IS_PARTITION',
      `is a partition; its changes count as changes of ${formatTableName(relation.root)}: name that one; it is ${named}`,
    );
  return [...checkLeaves(table, name), ...checkChildren(table, name)];
}

/** What needs a row to write would only ever purge its keys, and say nothing. */
function checkViewAction({ name, action, where }: Rule, view: string): readonly Finding[] {
  if (isFanOutAction(action) || action.kind === 'purgePattern') return [];
  return [
    {
      code: 'ACTION_WITHOUT_ROWS',
      severity: 'error',
      subject: `rule ${name}`,
      message: `${action.kind} needs rows, and the materialized view ${view} has no row events: its keys could only be purged; use delete, or name the tables that the view reads (${where})`,
    },
  ];
}

function checkLeaves({ relation, leaves }: RuledTable, name: string): readonly Finding[] {
  if (relation?.persistence === 't')
    return [
      {
        code: 'TABLE_TEMPORARY',
        severity: 'error',
        subject: name,
        message: 'is temporary: its changes are not replicated',
      },
    ];
  const findings: Finding[] = [];
  const unlogged = leaves.filter(({ persistence }) => persistence === 'u');
  if (unlogged.length > 0)
    findings.push({
      code: 'TABLE_UNLOGGED',
      severity: 'error',
      subject: name,
      message: `${listTables(unlogged)} is UNLOGGED: its changes are not in the WAL`,
      remedy: `-- rewrites the table under an exclusive lock\n${unlogged.map((leaf) => `ALTER TABLE ${formatTableName(leaf)} SET LOGGED;`).join('\n')}`,
    });
  const foreign = leaves.filter(({ kind }) => kind === 'f');
  if (foreign.length > 0)
    findings.push({
      code: 'TABLE_FOREIGN_PARTITION',
      severity: 'error',
      subject: name,
      message: `has partitions on another server, whose changes cannot be seen here: ${listTables(foreign)}`,
    });
  return findings;
}

function checkChildren({ relation }: RuledTable, name: string): readonly Finding[] {
  if (relation?.hasChildren !== true) return [];
  return [
    {
      code: 'TABLE_HAS_CHILDREN',
      severity: 'warning',
      subject: name,
      message:
        'other tables inherit from it without being partitions; their rows are not covered by its rules: write a rule for each',
    },
  ];
}

/** The same name in another schema comes first: a forgotten schema is likelier than a slip of the finger. */
function nearestTable(wanted: TableName, allNames: readonly TableName[]): string | undefined {
  const elsewhere = allNames.find(({ name }) => name === wanted.name);
  if (elsewhere !== undefined) return formatTableName(elsewhere);
  return nearestName(formatTableName(wanted), allNames.map(formatTableName));
}
