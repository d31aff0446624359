import type { Finding } from '../../domain/finding.ts';
import type { KeyTemplate } from '../../domain/key-template.ts';
import type { Rule } from '../../domain/rule.ts';
import { formatTableName, quoteIdentifier } from '../../domain/table.ts';
import { listColumns } from '../../sql/name-list.ts';
import { readingOf } from '../../sql/reading-of.ts';
import type { RuledTable } from '../facts/ruled-table.ts';

const NUMBERS = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid']);

/** Whether scores are numbers, and whether what counters and sets read of the rule's own table is quick to find. */
export function checkReadings(tables: readonly RuledTable[]): readonly Finding[] {
  return tables.flatMap((table) =>
    table.rules.flatMap((rule) => [
      ...checkScore(table, rule),
      ...rule.keys.flatMap((key) => checkIndex(table, rule, key)),
    ]),
  );
}

function checkScore({ relation }: RuledTable, { action, name, columnAt }: Rule): readonly Finding[] {
  if (action.kind !== 'sortedSet') return [];
  const column = relation?.columns.find((candidate) => candidate.name === action.score);
  if (column === undefined || (NUMBERS.has(column.type) && !column.isArray)) return [];
  return [
    {
      code: 'SCORE_NOT_A_NUMBER',
      severity: 'error',
      subject: `rule ${name}`,
      message: `the score ${quoteIdentifier(column.name)} is of type ${column.sqlType}, and Redis takes numbers only (${columnAt(column.name)})`,
    },
  ];
}

/** A query of the rule's author may have indexes of other tables; what is derived is by the columns of the key. */
function checkIndex(
  { relation, leaves, name }: RuledTable,
  rule: Rule,
  key: KeyTemplate,
): readonly Finding[] {
  const { kind } = rule.action;
  if (relation === undefined || kind === 'refresh' || readingOf(rule, key) === undefined) return [];
  const { columns } = key;
  if (columns.some((column) => !relation.columns.some((candidate) => candidate.name === column))) return [];
  const isQuick = leaves.every(({ indexedColumns }) =>
    indexedColumns.some((indexed) =>
      columns.every((column) => indexed.slice(0, columns.length).includes(column)),
    ),
  );
  const table = formatTableName(name);
  const report = (message: string, remedy?: string): readonly Finding[] => [
    {
      code: 'READS_WHOLE_TABLE',
      severity: 'info',
      subject: `rule ${rule.name}`,
      message,
      ...(remedy === undefined ? {} : { remedy }),
    },
  ];
  if (columns.length === 0) return report(`${kind} reads the whole of ${table} for the key ${key.source}`);
  if (isQuick) return [];
  return report(
    `${kind} reads ${table} by ${listColumns(columns)} for ${key.source}, and no index begins with that`,
    `CREATE INDEX ${relation.kind === 'p' ? '' : 'CONCURRENTLY '}ON ${table} (${listColumns(columns)});`,
  );
}
