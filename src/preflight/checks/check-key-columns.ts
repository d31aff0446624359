import type { Finding } from '../../domain/finding.ts';
import type { FilterName } from '../../domain/key-template.ts';
import type { Rule } from '../../domain/rule.ts';
import { columnsRead } from '../../domain/rule-columns.ts';
import { formatTableName, quoteIdentifier } from '../../domain/table.ts';
import { nearestName } from '../../suggest/nearest-name.ts';
import type { ColumnFacts } from '../facts/relation-facts.ts';
import type { RuledTable } from '../facts/ruled-table.ts';
import { isTable } from '../facts/ruled-table.ts';

interface TextForm {
  readonly severity: 'warning' | 'info';
  /** Completes "is of type ..., which ...". */
  readonly why: string;
  /** The filter that makes it reliable. */
  readonly mendedBy?: FilterName;
}

/** Types whose text in Postgres is seldom the text that an application puts into a key. */
const TEXT_FORMS: Readonly<Record<string, TextForm>> = {
  bool: { severity: 'warning', why: 'Postgres writes as t or f' },
  float4: { severity: 'warning', why: 'Postgres may write as 1e+20 or 0.1' },
  float8: { severity: 'warning', why: 'Postgres may write as 1e+20 or 0.1' },
  money: { severity: 'warning', why: 'Postgres writes as $1,000.00' },
  json: { severity: 'warning', why: 'keeps spaces and order as they were stored' },
  jsonb: { severity: 'warning', why: 'Postgres writes with its own spaces and order' },
  xml: { severity: 'warning', why: 'keeps spaces as they were stored' },
  bytea: { severity: 'warning', why: 'Postgres writes as \\x followed by hexadecimal digits' },
  interval: { severity: 'warning', why: 'Postgres writes as 1 day 02:00:00' },
  bpchar: { severity: 'warning', why: 'is padded with spaces', mendedBy: 'trim' },
  timestamp: { severity: 'info', why: 'Postgres writes as 2026-01-31 10:00:00.5, with a space' },
  timestamptz: { severity: 'info', why: 'Freshet has written in UTC as 2026-01-31 10:00:00.5+00' },
  numeric: { severity: 'info', why: 'keeps trailing zeros, as in 9.50' },
};
const COMPOUND: TextForm = {
  severity: 'warning',
  why: "has the form of Postgres' own literals, as in {a,b}",
};

/** Whether every column that a rule reads exists and is sent, and whether those of its keys read as an application writes them. */
export function checkKeyColumns(
  tables: readonly RuledTable[],
  sendsGenerated: boolean,
  version: number,
): readonly Finding[] {
  return tables.flatMap((table) =>
    table.rules.flatMap((rule) => checkRule(table, rule, sendsGenerated, version)),
  );
}

function checkRule(
  { relation }: RuledTable,
  rule: Rule,
  sendsGenerated: boolean,
  version: number,
): readonly Finding[] {
  if (relation === undefined || !isTable(relation)) return [];
  const keyColumns = new Set(rule.keys.flatMap(({ columns }) => columns));
  const subject = `rule ${rule.name}`;
  // What a condition alone misses is told with its place, by checkConditions.
  const toldHere = new Set(columnsRead({ ...rule, when: undefined }));
  return [...new Set(columnsRead(rule))].flatMap((name): readonly Finding[] => {
    const column = relation.columns.find((candidate) => candidate.name === name);
    if (column === undefined) {
      if (!toldHere.has(name)) return [];
      const candidates = relation.columns.map((candidate) => candidate.name);
      const near = nearestName(name, candidates);
      return [
        {
          code: 'COLUMN_MISSING',
          severity: 'error',
          subject,
          message: `${formatTableName(relation)} has no column ${quoteIdentifier(name)}${near === undefined ? '' : `; did you mean ${quoteIdentifier(near)}?`} (${rule.columnAt(name)})`,
        },
      ];
    }
    if (column.generated !== null && !(column.generated === 'stored' && sendsGenerated))
      return [generated(subject, column, rule, version)];
    if (!keyColumns.has(name)) return [];
    return [...checkTextForm(subject, column, rule), ...checkNull(subject, column)];
  });
}

function generated(subject: string, column: ColumnFacts, rule: Rule, version: number): Finding {
  const name = quoteIdentifier(column.name);
  const message =
    column.generated === 'virtual'
      ? `column ${name} is generated and never stored, so it is not in the WAL; use the columns that it is computed from`
      : version < 180_000
        ? `column ${name} is generated, and Postgres before 18 does not replicate it; use the columns that it is computed from`
        : `column ${name} is generated, and the publication leaves such columns out; use the columns that it is computed from, or set publish_generated_columns = stored on the publication`;
  return {
    code: 'COLUMN_GENERATED',
    severity: 'error',
    subject,
    message: `${message} (${rule.columnAt(column.name)})`,
  };
}

function checkTextForm(subject: string, column: ColumnFacts, rule: Rule): readonly Finding[] {
  const isCompound = column.isArray || ['c', 'r', 'm'].includes(column.typeKind);
  const form = isCompound ? COMPOUND : TEXT_FORMS[column.type];
  if (form === undefined) return [];
  const { mendedBy } = form;
  const uses = rule.keys
    .flatMap(({ parts }) => parts)
    .filter((part) => part.kind === 'column' && part.column === column.name);
  const isMended = uses.every(
    (part) => part.kind === 'column' && mendedBy !== undefined && part.filters.includes(mendedBy),
  );
  if (isMended) return [];
  const advice =
    mendedBy === undefined
      ? 'the application must build its key from the same text'
      : `write \${${column.name}|${mendedBy}}`;
  return [
    {
      code: 'KEY_TEXT_FORM',
      severity: form.severity,
      subject,
      message: `column ${quoteIdentifier(column.name)} is of type ${column.sqlType}, which ${form.why}: ${advice}`,
    },
  ];
}

function checkNull(subject: string, column: ColumnFacts): readonly Finding[] {
  if (column.notNull) return [];
  return [
    {
      code: 'KEY_COLUMN_NULLABLE',
      severity: 'info',
      subject,
      message: `column ${quoteIdentifier(column.name)} may be NULL; a key with a NULL in it is skipped and counted`,
    },
  ];
}
