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
      ...checkLeaving(table, rule, generated),
    ]),
  );
}

function checkTypes({ relation, leaves }: RuledTable, { name, on, when, at }: Rule): readonly Finding[] {
  if (when === undefined || relation === undefined || !isTable(relation)) return [];
  // Partitions come and go, so one that a condition names may come yet.
  const tables = relation.kind === 'p' ? undefined : leaves.map((leaf) => `${leaf.schema}.${leaf.name}`);
  const problems = when.check({ columns: relation.columns, on, tables });
  return problems.map(({ message, offset, remedy }) => ({
    code: 'CONDITION_INVALID',
    severity: 'error',
    subject: `rule ${name}`,
    message: `when: ${message} (${at(when, offset)})`,
    ...(remedy === undefined ? {} : { remedy }),
  }));
}

/** A delete tells only the identity; without the rest the condition counts as true, which is safe and idle. */
function checkDeletes(table: RuledTable, rule: Rule, generated: GeneratedColumns): readonly Finding[] {
  const { when } = rule;
  if (when === undefined || !rule.on.has('delete') || !isStreamable(table)) return [];
  // What more than deletes need, or what does not come at all, has a finding of its own.
  const sentBy = (leaf: RelationFacts): readonly string[] =>
    when.columns.filter((column) => isSent(leaf, column, generated));
  const absentIn = (leaf: RelationFacts): readonly string[] => {
    const known = [...(leaf.identityColumns ?? when.columns), ...neededColumns(table, leaf)];
    return sentBy(leaf).filter((column) => !known.includes(column));
  };
  const blind = table.leaves.filter((leaf) => absentIn(leaf).length > 0);
  const [first] = blind;
  if (first === undefined) return [];
  return [
    {
      code: 'CONDITION_UNDECIDED',
      severity: 'warning',
      subject: `rule ${rule.name}`,
      message: `a DELETE does not tell ${listColumns(absentIn(first))}, so that the condition counts as true for every one (${rule.at(when)}); leave delete out of \`on\`, accept it, or widen the replica identity`,
      // As text alone: which of the three it shall be is a choice.
      remedy: remedyText(
        blind.flatMap((leaf) => {
          const wanted = new Set([...neededColumns(table, leaf), ...sentBy(leaf)]);
          return identityRemedy(leaf, [...wanted], forbiddenColumns(leaf, generated));
        }),
      ),
    },
  ];
}

/** `row.status == 'published'` does not hold for the update that ends it, and the key would stay. */
function checkLeaving({ relation }: RuledTable, rule: Rule, generated: GeneratedColumns): readonly Finding[] {
  const { when } = rule;
  const [column] = when?.columns ?? [];
  if (when === undefined || column === undefined || when.oldColumns.length > 0 || !rule.on.has('update'))
    return [];
  // First it has to ask for what there is.
  if (relation === undefined || !when.columns.every((name) => isSent(relation, name, generated))) return [];
  const place = /^[a-z_]\w*$/.test(column) ? `.${column}` : `['${column}']`;
  return [
    {
      code: 'CONDITION_FORGETS',
      severity: 'warning',
      subject: `rule ${rule.name}`,
      message: `the condition asks the new row alone (${rule.at(when)}): where an update changes ${quoteIdentifier(column)} so that it does not hold any more, the keys stay as they were; ask \`old${place}\` too, or changed('${column}')`,
    },
  ];
}

function isSent({ columns }: RelationFacts, name: string, { published }: GeneratedColumns): boolean {
  const column = columns.find((candidate) => candidate.name === name);
  return column?.generated === null || (column?.generated === 'stored' && published);
}
