import type { Finding } from '../../domain/finding.ts';
import { formatTableName, quoteIdentifier, type TableName } from '../../domain/table.ts';
import { listTables } from '../../sql/name-list.ts';
import { addTablesSql, createPublicationSql } from '../../sql/setup-sql.ts';
import type { PublicationFacts, PublishedTable } from '../facts/publication-facts.ts';
import type { RuledTable } from '../facts/ruled-table.ts';
import { isStreamable } from '../facts/ruled-table.ts';
import { sqlRemedy } from '../remedy/sql-remedy.ts';

export interface PublicationWanted {
  readonly publication: string;
  /** `run` creates a publication that is missing and adds missing tables. */
  readonly createMissing: boolean;
}

/** Whether the publication sends every change of every rule's table, whole, and harms no other table. */
export function checkPublication(
  publication: PublicationFacts | undefined,
  wanted: PublicationWanted,
  tables: readonly RuledTable[],
): readonly Finding[] {
  if (publication === undefined) return [missing(wanted, tables)];
  const ruled = ruledNames(tables);
  const strangers = publication.tables.filter((table) => !ruled.has(formatTableName(table)));
  return [
    ...checkOptions(publication, strangers),
    ...checkMembers(publication, wanted, tables),
    ...checkNarrowed(publication, ruled),
    ...checkStrangers(publication, strangers),
  ];
}

/** Tables of rules that could be published and are not, wholly or in part. */
export function unpublishedTables(
  publication: PublicationFacts | undefined,
  tables: readonly RuledTable[],
): readonly RuledTable[] {
  const published = new Set(publication?.tables.map(formatTableName));
  return tables.filter((table) => {
    if (!isStreamable(table) || published.has(formatTableName(table.name))) return false;
    return table.leaves.length === 0
      ? publication === undefined || !publication.allTables
      : table.leaves.some((leaf) => !published.has(formatTableName(leaf)));
  });
}

function missing({ publication, createMissing }: PublicationWanted, tables: readonly RuledTable[]): Finding {
  const subject = `publication ${publication}`;
  const code = 'PUBLICATION_MISSING';
  if (createMissing) return { code, severity: 'info', subject, message: '`freshet run` will create it' };
  const names = tables.filter(isStreamable).map(({ name }) => name);
  return {
    code,
    severity: 'error',
    subject,
    message: 'does not exist; `freshet setup` creates it, before the slot',
    ...sqlRemedy([{ kind: 'publish', sql: createPublicationSql(publication, names) }]),
  };
}

function checkOptions(
  publication: PublicationFacts,
  strangers: readonly PublishedTable[],
): readonly Finding[] {
  const findings: Finding[] = [];
  const name = quoteIdentifier(publication.name);
  const subject = `publication ${publication.name}`;
  const kinds = { insert: publication.inserts, update: publication.updates, delete: publication.deletes };
  const absent = Object.entries({ ...kinds, truncate: publication.truncates })
    .filter(([, published]) => !published)
    .map(([kind]) => kind);
  if (absent.length > 0) {
    const sql = `ALTER PUBLICATION ${name} SET (publish = 'insert, update, delete, truncate');`;
    const isHarmless = publication.updates && publication.deletes;
    const harmed = strangers.filter(({ hasIdentity }) => !hasIdentity && !isHarmless);
    findings.push({
      code: 'PUBLICATION_LACKS_KIND',
      severity: 'error',
      subject,
      message: `does not publish ${absent.join(', ')}: such changes would pass unseen`,
      ...sqlRemedy(harmed.length > 0 ? [notBefore(harmed), sql] : [{ kind: 'publish', sql }]),
    });
  }
  if (publication.viaRoot)
    findings.push({
      code: 'PUBLICATION_VIA_ROOT',
      severity: 'error',
      subject,
      message: 'has publish_via_partition_root on: Postgres then says nothing when a partition is truncated',
      ...sqlRemedy([
        { kind: 'publish', sql: `ALTER PUBLICATION ${name} SET (publish_via_partition_root = false);` },
      ]),
    });
  return findings;
}

function checkMembers(
  publication: PublicationFacts,
  { createMissing }: PublicationWanted,
  tables: readonly RuledTable[],
): readonly Finding[] {
  const absent = unpublishedTables(publication, tables);
  if (absent.length === 0) return [];
  const names = absent.map(({ name }) => name);
  const unusable = absent.filter(({ leaves }) => leaves.some((leaf) => leaf.identityColumns === null));
  const message = `does not publish ${listTables(names)}`;
  return [
    {
      code: 'PUBLICATION_LACKS_TABLE',
      severity: createMissing ? 'info' : 'error',
      subject: `publication ${publication.name}`,
      message: createMissing
        ? `${message}; \`freshet run\` will add what is missing`
        : `${message}; \`freshet setup\` adds what is missing`,
      ...sqlRemedy([
        ...(unusable.length > 0 ? [notBefore(unusable.map(({ name }) => name))] : []),
        { kind: 'publish', sql: addTablesSql(publication.name, names) },
      ]),
    },
  ];
}

function notBefore(tables: readonly TableName[]): string {
  return `-- not before the replica identity of ${listTables(tables)} is mended: UPDATE and DELETE would fail there`;
}

/** Row filters and column lists of the rules' tables: what they leave out changes unseen. */
function checkNarrowed(publication: PublicationFacts, ruled: ReadonlySet<string>): readonly Finding[] {
  const narrowed = publication.tables.filter((table) => ruled.has(formatTableName(table)));
  const name = quoteIdentifier(publication.name);
  return narrowed
    .filter(({ rowFilter, columnList }) => rowFilter || columnList)
    .map((table) => ({
      code: table.rowFilter ? 'PUBLICATION_ROW_FILTER' : 'PUBLICATION_COLUMN_LIST',
      severity: 'error',
      subject: formatTableName(table),
      message: `publication ${publication.name} narrows it by a ${table.rowFilter ? 'row filter' : 'column list'}: what that leaves out changes unseen, and UPDATE fails where the replica identity is left out`,
      ...sqlRemedy([{ kind: 'publish', sql: readd(name, table) }]),
    }));
}

/** In one transaction, so that no change of the table falls between. */
function readd(publication: string, table: TableName): string {
  const name = formatTableName(table);
  return `BEGIN;\nALTER PUBLICATION ${publication} DROP TABLE ${name};\nALTER PUBLICATION ${publication} ADD TABLE ${name};\nCOMMIT;`;
}

/** Published tables without rules: nothing to do with Freshet, but publishing them may break the application. */
function checkStrangers(
  publication: PublicationFacts,
  strangers: readonly PublishedTable[],
): readonly Finding[] {
  if (!publication.updates && !publication.deletes) return [];
  const broken = strangers.filter(({ hasIdentity }) => !hasIdentity);
  if (broken.length === 0) return [];
  return [
    {
      code: 'PUBLICATION_BREAKS_WRITES',
      severity: 'warning',
      subject: `publication ${publication.name}`,
      message: `publishes tables without rules and without a usable replica identity; Postgres refuses UPDATE and DELETE on them: ${listTables(broken)}`,
      remedy: broken
        .map((table) =>
          table.isListed
            ? `ALTER PUBLICATION ${quoteIdentifier(publication.name)} DROP TABLE ${formatTableName(table)};`
            : `ALTER TABLE ${formatTableName(table)} REPLICA IDENTITY FULL;`,
        )
        .join('\n'),
    },
  ];
}

function ruledNames(tables: readonly RuledTable[]): ReadonlySet<string> {
  return new Set(tables.flatMap(({ name, leaves }) => [name, ...leaves]).map(formatTableName));
}
