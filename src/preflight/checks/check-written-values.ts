import type { ChangeKind } from '../../domain/change.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Rule, RuleAction } from '../../domain/rule.ts';
import { columnsWritten } from '../../domain/rule-columns.ts';
import { formatTableName } from '../../domain/table.ts';
import { listColumns, listNames } from '../../sql/name-list.ts';
import type { ColumnFacts, RelationFacts } from '../facts/relation-facts.ts';
import type { RuledTable } from '../facts/ruled-table.ts';
import { isStreamable } from '../facts/ruled-table.ts';

type WritingAction = Extract<RuleAction, { kind: 'set' | 'hash' }>;

/** Below this a value is stored out of line only in a row of many such columns. */
const SAFE_CHARACTERS = 500;

/** Kinds of change that a value has to follow, or it stays as it was. */
const FOLLOWED = ['update', 'delete', 'truncate'] as const satisfies readonly ChangeKind[];

/** What a rule that writes values cannot write, and the changes after which it leaves an old value. */
export function checkWrittenValues(
  tables: readonly RuledTable[],
  sendsGenerated: boolean,
): readonly Finding[] {
  return tables.filter(isStreamable).flatMap((table) =>
    table.rules.flatMap((rule) => {
      const { action } = rule;
      if (action.kind !== 'set' && action.kind !== 'hash') return [];
      return [
        ...checkKinds(rule),
        ...checkUnsent(table, rule, action),
        ...checkLeftOut(table, rule, action, sendsGenerated),
      ];
    }),
  );
}

function checkKinds({ name, on, where }: Rule): readonly Finding[] {
  const ignored = FOLLOWED.filter((kind) => !on.has(kind)).map((kind) => kind.toUpperCase());
  if (ignored.length === 0) return [];
  return [
    {
      code: 'VALUE_NOT_FOLLOWED',
      severity: 'warning',
      subject: `rule ${name}`,
      message: `does not listen to ${listNames(ignored)}, so the value of a row that was changed that way stays as it was until its ttl ends: leave \`on\` out, or let another rule delete the key (${where})`,
    },
  ];
}

/** A hash keeps the field of a value that was not sent; a whole value has no way to. */
function checkUnsent({ leaves }: RuledTable, rule: Rule, action: WritingAction): readonly Finding[] {
  if (action.kind === 'hash' || !rule.on.has('update')) return [];
  const faulty = leaves.filter(({ identity }) => identity !== 'full');
  const large = new Set(
    faulty.flatMap((leaf) => writtenOf(leaf, action).filter(mayBeLarge)).map(({ name }) => name),
  );
  if (large.size === 0) return [];
  return [
    {
      code: 'VALUE_MAY_BE_UNSENT',
      severity: 'info',
      subject: `rule ${rule.name}`,
      message: `writes ${listColumns([...large])}: an UPDATE that leaves a large value there unchanged does not send it, and the key is deleted instead; choose \`columns\` without it, or have the old row sent`,
      remedy: [
        '-- An UPDATE then writes the whole old row too: about 53 % more WAL on small rows, up to eleven-fold with large values.',
        ...faulty.map((leaf) => `ALTER TABLE ${formatTableName(leaf)} REPLICA IDENTITY FULL;`),
      ].join('\n'),
    },
  ];
}

/** Generated columns of a rule that writes all columns; one that names them is refused. */
function checkLeftOut(
  { leaves }: RuledTable,
  rule: Rule,
  action: WritingAction,
  sendsGenerated: boolean,
): readonly Finding[] {
  if (columnsWritten(action) !== undefined) return [];
  const leftOut = new Set(
    leaves
      .flatMap(({ columns }) => columns)
      .filter(({ generated }) => generated === 'virtual' || (generated === 'stored' && !sendsGenerated))
      .map(({ name }) => name),
  );
  if (leftOut.size === 0) return [];
  return [
    {
      code: 'VALUE_LACKS_GENERATED',
      severity: 'info',
      subject: `rule ${rule.name}`,
      message: `writes all columns but ${listColumns([...leftOut])}, which are generated and not replicated`,
    },
  ];
}

function writtenOf(leaf: RelationFacts, action: WritingAction): readonly ColumnFacts[] {
  const names = columnsWritten(action);
  if (names === undefined) return leaf.columns.filter(({ generated }) => generated === null);
  return leaf.columns.filter(({ name }) => names.includes(name));
}

function mayBeLarge({ isToastable, sqlType }: ColumnFacts): boolean {
  return isToastable && Number(/\((\d+)\)/.exec(sqlType)?.[1] ?? Infinity) > SAFE_CHARACTERS;
}
