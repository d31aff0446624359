import type { Statement } from '../../domain/statement.ts';
import { formatTableName, quoteIdentifier } from '../../domain/table.ts';
import { listColumns } from '../../sql/name-list.ts';
import type { RelationFacts } from '../facts/relation-facts.ts';
import { chooseIdentity, type IdentityChoice } from './choose-identity.ts';
import type { RemedyPart } from './sql-remedy.ts';

/** Makes the old row carry the wanted columns; what it costs stands in comments above. */
export function identityRemedy(
  leaf: RelationFacts,
  wanted: readonly string[],
  forbidden: ReadonlySet<string>,
): readonly RemedyPart[] {
  const table = formatTableName(leaf);
  const choice = chooseIdentity(leaf, wanted, forbidden);
  if (choice.kind === 'default') return [setIdentity(table, 'DEFAULT')];
  if (choice.kind === 'full') return fullRemedy(leaf, choice, forbidden);
  const index = quoteIdentifier(choice.index);
  const useIndex = setIdentity(table, `USING INDEX ${index}`);
  if (choice.kind === 'index') return [useIndex];
  const sizeLimit = `-- An index entry holds about 2,700 bytes: rows with longer values of ${listColumns(choice.unbounded)} would be refused.`;
  return [
    '-- An UPDATE then writes about 17 % more WAL (measured on small rows); the whole row would be 53 % to eleven-fold.',
    ...(choice.unbounded.length > 0 ? [sizeLimit] : []),
    ...choice.leftovers.map((name) => dropIndex(leaf, name)),
    {
      kind: 'create-index',
      sql: `CREATE UNIQUE INDEX CONCURRENTLY ${index} ON ${table} (${listColumns(choice.columns)});`,
      table,
      index: formatTableName({ schema: leaf.schema, name: choice.index }),
    },
    useIndex,
  ];
}

function setIdentity(table: string, identity: string): Statement {
  return { kind: 'alter-table', sql: `ALTER TABLE ${table} REPLICA IDENTITY ${identity};`, table };
}

function dropIndex(leaf: RelationFacts, name: string): Statement {
  const index = formatTableName({ schema: leaf.schema, name });
  return {
    kind: 'drop-index',
    sql: `DROP INDEX CONCURRENTLY ${index};`,
    table: formatTableName(leaf),
    index,
  };
}

function fullRemedy(
  leaf: RelationFacts,
  { lacksKey, nullable }: Extract<IdentityChoice, { kind: 'full' }>,
  forbidden: ReadonlySet<string>,
): readonly RemedyPart[] {
  const alternative = [
    ...(lacksKey ? ['a primary key'] : []),
    ...nullable.map((column) => `ALTER COLUMN ${quoteIdentifier(column)} SET NOT NULL`),
  ].join(', ');
  const generated = leaf.columns.map(({ name }) => name).filter((name) => forbidden.has(name));
  if (generated.length > 0)
    return [
      `-- The whole row cannot be the identity while ${listColumns(generated)}, generated and not published, is part of it.`,
      `-- An index can, after: ${alternative === '' ? 'leaving the column that no index takes out of the key' : alternative}. Then check again.`,
    ];
  return [
    '-- Your choice, for an UPDATE then writes the whole old row too: about 53 % more WAL on small rows, up to eleven-fold with large values.',
    ...(alternative === ''
      ? []
      : [`-- Cheaper is an index (about 17 %), after: ${alternative}. Then check again.`]),
    setIdentity(formatTableName(leaf), 'FULL').sql,
  ];
}
