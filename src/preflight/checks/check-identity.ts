import type { Finding } from '../../domain/finding.ts';
import type { ErrorCode } from '../../domain/finding-codes.ts';
import { oldColumnsRead } from '../../domain/rule-columns.ts';
import { formatTableName } from '../../domain/table.ts';
import { listColumns, listNames, listTables } from '../../sql/name-list.ts';
import type { RelationFacts } from '../facts/relation-facts.ts';
import type { RuledTable } from '../facts/ruled-table.ts';
import { isStreamable } from '../facts/ruled-table.ts';
import { identityRemedy } from '../remedy/identity-remedy.ts';
import { sqlRemedy } from '../remedy/sql-remedy.ts';

/** What decides which generated columns a publication may meet in a replica identity. */
export interface GeneratedColumns {
  /** `server_version_num` */
  readonly version: number;
  /** The publication has publish_generated_columns = stored. */
  readonly published: boolean;
}

/** From this version on an identity with an unpublished generated column makes UPDATE and DELETE fail. */
const REFUSES_GENERATED = 180_000;

/**
 * Whether the old rows of every leaf carry what the keys need, and whether publishing the table leaves the
 * application's own UPDATE and DELETE possible. A partition has its own identity; the root's says nothing.
 */
export function checkIdentity(
  tables: readonly RuledTable[],
  generated: GeneratedColumns,
): readonly Finding[] {
  return tables
    .filter(isStreamable)
    .flatMap((table) => [
      ...report(table, generated, 'IDENTITY_UNUSABLE', (leaf) => whyUnusable(leaf)),
      ...report(table, generated, 'IDENTITY_GENERATED', (leaf) => whyRefused(leaf, generated)),
      ...report(table, generated, 'IDENTITY_LACKS_COLUMN', (leaf) => whyBlind(table, leaf)),
    ]);
}

/** One finding a table, however many partitions share the fault; the remedy has them all. */
function report(
  table: RuledTable,
  generated: GeneratedColumns,
  code: ErrorCode,
  fault: (leaf: RelationFacts) => string | undefined,
): readonly Finding[] {
  const faulty = table.leaves.filter((leaf) => fault(leaf) !== undefined);
  const [first] = faulty;
  if (first === undefined) return [];
  const where = table.relation?.kind === 'p' ? ` (partitions ${listTables(faulty)})` : '';
  return [
    {
      code,
      severity: 'error',
      subject: formatTableName(table.name),
      message: `${fault(first)}${where}`,
      ...sqlRemedy(
        faulty.flatMap((leaf) =>
          identityRemedy(leaf, neededColumns(table, leaf), forbiddenColumns(leaf, generated)),
        ),
      ),
    },
  ];
}

/** Columns whose old values some rule needs. */
export function neededColumns({ rules }: RuledTable, leaf: RelationFacts): readonly string[] {
  // Missing and generated columns have findings of their own, and no identity helps them.
  return [...new Set(rules.flatMap(oldColumnsRead))].filter((name) =>
    leaf.columns.some((column) => column.name === name && column.generated === null),
  );
}

export function forbiddenColumns(
  leaf: RelationFacts,
  { version, published }: GeneratedColumns,
): ReadonlySet<string> {
  if (version < REFUSES_GENERATED) return new Set();
  const unsent = leaf.columns.filter(
    (column) => column.generated === 'virtual' || (column.generated === 'stored' && !published),
  );
  return new Set(unsent.map(({ name }) => name));
}

/** Publishing it makes the application's own UPDATE and DELETE fail. */
export function breaksWrites(leaf: RelationFacts, generated: GeneratedColumns): boolean {
  return (whyUnusable(leaf) ?? whyRefused(leaf, generated)) !== undefined;
}

function whyUnusable(leaf: RelationFacts): string | undefined {
  if (leaf.identityColumns !== null) return undefined;
  const consequence = 'once published, Postgres refuses every UPDATE and DELETE on it';
  switch (leaf.identity) {
    case 'nothing':
      return `has REPLICA IDENTITY NOTHING: ${consequence}`;
    case 'index':
      return `has lost the index that was its replica identity: ${consequence}`;
    default:
      return `has no primary key, or a deferrable one, for its replica identity: ${consequence}`;
  }
}

function whyRefused(leaf: RelationFacts, generated: GeneratedColumns): string | undefined {
  const forbidden = forbiddenColumns(leaf, generated);
  const held = leaf.identityColumns?.filter((column) => forbidden.has(column)) ?? [];
  if (held.length === 0) return undefined;
  return `has the generated column ${listColumns(held)} in its replica identity, which the publication leaves out: once published, Postgres 18 refuses every UPDATE and DELETE on it`;
}

function whyBlind(table: RuledTable, leaf: RelationFacts): string | undefined {
  const { identity, identityColumns } = leaf;
  if (identityColumns === null) return undefined;
  const absent = neededColumns(table, leaf).filter((column) => !identityColumns.includes(column));
  if (absent.length === 0) return undefined;
  const kind = identity === 'index' ? 'an index on' : 'the primary key';
  const needing = table.rules.flatMap((rule) => {
    const [first] = oldColumnsRead(rule).filter((column) => absent.includes(column));
    return first === undefined ? [] : [`rule ${rule.name} (${rule.columnAt(first)})`];
  });
  const need = needing.length === 1 ? 'needs' : 'need';
  return `DELETE, and UPDATE that changes it, do not tell the old value of ${listColumns(absent)}, which ${listNames(needing)} ${need}: the replica identity is ${kind} (${listColumns(identityColumns)})`;
}
