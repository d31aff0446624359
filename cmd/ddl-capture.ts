import { FatalError } from '../src/domain/errors.ts';
import type { Query } from '../src/domain/query.ts';
import { INSTALL_DDL_CAPTURE_SQL, UNINSTALL_DDL_CAPTURE_SQL } from '../src/migrations/ddl-capture-sql.ts';

/** The event triggers that report migrations, all or none. */
const SCRIPT = `BEGIN;\n${INSTALL_DDL_CAPTURE_SQL}COMMIT;`;

/** For someone who may run it, with what undoes it as a comment. */
export const DDL_CAPTURE_HANDOUT = `-- Event triggers that report migrations: as a superuser.
${SCRIPT}

-- To take them away again:
${UNINSTALL_DDL_CAPTURE_SQL.trimEnd().replaceAll(/^/gm, '-- ')}
`;

/** @throws FatalError DENIED with the SQL for someone who may */
export async function installDdlCapture(query: Query, report: (line: string) => void): Promise<void> {
  try {
    await query(INSTALL_DDL_CAPTURE_SQL);
  } catch (error) {
    if (!(error instanceof FatalError) || error.code !== 'DENIED') throw error;
    throw new FatalError(
      'DENIED',
      'event triggers need a superuser (on Amazon RDS a member of rds_superuser)',
      `hand this to someone who may; without it migrations are noticed too, by a look at the catalog every few seconds:\n${SCRIPT}`,
      { cause: error },
    );
  }
  report('installed the event triggers that report migrations');
}
