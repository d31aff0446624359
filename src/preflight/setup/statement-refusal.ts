import type { Statement } from '../../domain/statement.ts';

/** Who may run it, as far as Postgres says so in its documentation. */
const OWNERS: Readonly<Record<Statement['kind'], string>> = {
  'alter-table': 'the owner of the table',
  'create-index': 'the owner of the table, with CREATE on its schema',
  'drop-index': 'the owner of the table',
  grant: 'the owner of the table',
  publish: 'the owner of the publication and of its tables, with CREATE on the database',
  'create-slot': 'a role with REPLICATION',
};

/** What a SQLSTATE means here and what to do, for those that are to be expected. */
const REASONS: Readonly<Record<string, string>> = {
  '23505': 'rows are equal in these columns, which a unique index does not allow: mend the rows first',
  '40P01': 'it and another transaction waited for each other: try again',
  '42704': 'what it names is gone: somebody changed it meanwhile; try again',
  '42P01': 'what it names is gone: somebody changed it meanwhile; try again',
  '42P07': 'something of that name is there already: try again, or rename that',
  '53100': 'the disk of the database is full',
  '54000':
    'a row has a value that is too long for an index: shorten it, or choose REPLICA IDENTITY FULL and its WAL (an UPDATE then writes the whole old row)',
  '57014': 'somebody cancelled it: try again',
};

/**
 * Why Postgres refused a statement, for whoever reads it in a terminal: no values of rows.
 * @param message Postgres' own, for what is not to be expected
 */
export function describeRefusal(
  { kind }: Statement,
  sqlState: string,
  message: string,
  lockTimeoutMs: number,
): string {
  switch (sqlState) {
    case '42501':
      return `this role may not: it takes ${OWNERS[kind]}; run \`freshet setup --apply\` with a postgres.url of that role, or hand it the statement`;
    case '55P03':
      return `another transaction held what it has to lock for longer than ${lockTimeoutMs / 1_000} s${kind === 'alter-table' ? ', and the queries of the application must not pile up behind it' : ''}: try again when that has ended`;
    default:
      return REASONS[sqlState] ?? message;
  }
}
