import { writeFile } from 'node:fs/promises';
import { setup } from '../../cmd/setup.ts';
import { TempFolder } from '../support/temp-folder.ts';
import type { TestContext } from '../support/test-context.ts';
import { ruleText, type TestRule } from './rule-text.ts';

export interface SetupRunOptions {
  readonly printSql?: boolean;
  readonly apply?: boolean;
  readonly ddl?: boolean;
  readonly output?: 'text' | 'json';
  /** The context's own where it is left out; null for none. */
  readonly url?: string | null;
}

export interface SetupRun {
  /** Starts `freshet setup`; the text grows while it runs. */
  readonly run: (options?: SetupRunOptions) => Promise<number>;
  /** What the last run has printed so far. */
  readonly text: () => string;
}

/** The verb on the context's database, slot and publication, with these rules. */
export async function withSetup(context: TestContext, rules: readonly TestRule[]): Promise<SetupRun> {
  const folder = context.use(await TempFolder.create('setup'));
  await writeFile(folder.join('rules.yaml'), ruleText('', rules));
  let text = '';
  const write = (chunk: string): boolean => {
    text += chunk;
    return true;
  };
  const run: SetupRun['run'] = async ({ url = context.databaseUrl, ...options } = {}) => {
    const { slot, publication } = context;
    const postgres = { ...(url === null ? {} : { url }), slot, publication };
    await writeFile(folder.join('freshet.yaml'), JSON.stringify({ postgres, rules: ['rules.yaml'] }));
    text = '';
    return await setup(
      {
        configFile: folder.join('freshet.yaml'),
        printSql: false,
        apply: false,
        ddl: false,
        output: 'text',
        ...options,
      },
      { write },
    );
  };
  return { run, text: () => text };
}

export async function publishedTables(context: TestContext): Promise<readonly string[]> {
  const rows = await context.sql.rows<{ tablename: string }>(
    'SELECT tablename FROM pg_publication_tables WHERE pubname = $1 ORDER BY 1',
    [context.publication],
  );
  return rows.map(({ tablename }) => tablename);
}

export async function slotCount(context: TestContext): Promise<number> {
  return await context.sql.value('SELECT count(*)::int FROM pg_replication_slots WHERE slot_name = $1', [
    context.slot,
  ]);
}

/** A role of this context without any privilege but these attributes, and the URL that it connects with. */
export async function createRole(
  context: TestContext,
  attributes: string,
  name = 'role',
): Promise<{ readonly role: string; readonly url: string }> {
  const role = `${context.database}_${name}`;
  await context.admin.rows(`CREATE ROLE ${role} LOGIN ${attributes} PASSWORD 'lowly'`);
  context.use({
    [Symbol.asyncDispose]: async () => {
      await context.sql.rows(`DROP OWNED BY ${role} CASCADE`);
      await context.admin.rows(`DROP ROLE ${role}`);
    },
  });
  const url = new URL(context.databaseUrl);
  url.username = role;
  url.password = 'lowly';
  return { role, url: url.href };
}

/** Who owns these tables and may publish them, and who streams: neither may do what the other does. */
export async function splitRoles(
  context: TestContext,
  ...tables: readonly string[]
): Promise<{ readonly ownerUrl: string; readonly daemonUrl: string }> {
  const { role, url: ownerUrl } = await createRole(context, '', 'owner');
  const { url: daemonUrl } = await createRole(context, 'REPLICATION', 'daemon');
  await context.sql.rows(`GRANT CREATE ON DATABASE ${context.database} TO ${role}`);
  for (const table of tables) await context.sql.rows(`ALTER TABLE ${table} OWNER TO ${role}`);
  return { ownerUrl, daemonUrl };
}

/** The statements of a script, run one by one as psql would. */
export async function runScript(context: TestContext, script: string): Promise<void> {
  for (const statement of script.split(/;$/m))
    if (/^[^-\s]/m.test(statement)) await context.sql.rows(statement);
}
