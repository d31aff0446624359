import type { Finding } from '../../domain/finding.ts';
import type { Rule } from '../../domain/rule.ts';
import { quoteIdentifier } from '../../domain/table.ts';
import { listColumns } from '../../sql/name-list.ts';
import type { RelationFacts } from '../facts/relation-facts.ts';
import type { RuledTable } from '../facts/ruled-table.ts';
import { isStreamable, isTable } from '../facts/ruled-table.ts';
import { identityRemedy } from '../remedy/identity-remedy.ts';
import { remedyText } from '../remedy/sql-remedy.ts';
import { forbiddenColumns, type GeneratedColumns, neededColumns } from './check-identity.ts';

/**
 * Whether conditions fit the columns of their tables, and can be decided. What an update needs of the old row is for
 * checkIdentity, with what the keys need: one remedy has to give all of it.
 */
export function checkConditions(
  tables: readonly RuledTable[],
  generated: GeneratedColumns,
): readonly Finding[] {
  return tables.flatMap((table) =>
    table.rules.flatMap((rule) => [
      ...checkTypes(table, rule),
      ...checkDeletes(table, rule, generated),
      ...checkLeaving(rule),
    ]),
  );
}

function checkTypes({ relation }: RuledTable, rule: Rule): readonly Finding[] {
  if (relation === undefined || !isTable(relation)) return [];
  const problems = rule.when?.check(relation.columns) ?? [];
  return problems.map(({ message, offset, remedy }) => ({
    code: 'CONDITION_INVALID',
    severity: 'error',
    subject: `rule ${rule.name}`,
    message: `when: ${message} (${rule.whenAt(offset)})`,
    ...(remedy === undefined ? {} : { remedy }),
  }));
}

/** A delete tells only the identity; without the rest the condition counts as true, which is safe and idle. */
function checkDeletes(table: RuledTable, rule: Rule, generated: GeneratedColumns): readonly Finding[] {
  const { when } = rule;
  if (when === undefined || !rule.on.has('delete') || !isStreamable(table)) return [];
  // What more than deletes need, or what does not exist, has a finding of its own.
  const absentIn = (leaf: RelationFacts): readonly string[] => {
    const known = [...(leaf.identityColumns ?? when.columns), ...neededColumns(table, leaf)];
    return when.columns.filter(
      (column) => !known.includes(column) && leaf.columns.some(({ name }) => name === column),
    );
  };
  const blind = table.leaves.filter((leaf) => absentIn(leaf).length > 0);
  const [first] = blind;
  if (first === undefined) return [];
  return [
    {
      code: 'CONDITION_UNDECIDED',
      severity: 'warning',
      subject: `rule ${rule.name}`,
      message: `a DELETE does not tell ${listColumns(absentIn(first))}, so that the condition counts as true for every one (${rule.whenAt(0)}); leave delete out of \`on\`, accept it, or widen the replica identity`,
      // As text alone: which of the three it shall be is a choice.
      remedy: remedyText(
        blind.flatMap((leaf) => {
          const wanted = new Set([...neededColumns(table, leaf), ...when.columns]);
          return identityRemedy(leaf, [...wanted], forbiddenColumns(leaf, generated));
        }),
      ),
    },
  ];
}

/** `row.status == 'published'` does not hold for the update that ends it, and the key would stay. */
function checkLeaving(rule: Rule): readonly Finding[] {
  const { when } = rule;
  const [column] = when?.columns ?? [];
  if (when === undefined || column === undefined || when.oldColumns.length > 0 || !rule.on.has('update'))
    return [];
  const place = /^[a-z_]\w*$/.test(column) ? `.${column}` : `['${column}']`;
  return [
    {
      code: 'CONDITION_FORGETS',
      severity: 'warning',
      subject: `rule ${rule.name}`,
      message: `the condition asks the new row alone (${rule.whenAt(0)}): where an update changes ${quoteIdentifier(column)} so that it does not hold any more, the keys stay as they were; ask \`old${place}\` too, or changed('${column}')`,
    },
  ];
}
