const SERVERS = ['FRESHET_TEST_POSTGRES_URL', 'FRESHET_TEST_REDIS_URL'] as const;
/** What test/faults reads itself. */
const OF_FAULTS = ['FRESHET_TEST_LONG', 'FRESHET_TEST_SEED'] as const;
const KNOWN = [...SERVERS, ...OF_FAULTS] as const;

export interface TestEnvironment {
  readonly postgresUrl: string | undefined;
  readonly redisUrl: string | undefined;
}

/** The servers that the environment names. @throws Error for a FRESHET_TEST_ variable that does not exist */
export function readTestEnvironment(env: NodeJS.ProcessEnv = process.env): TestEnvironment {
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith('FRESHET_TEST_') && !KNOWN.some((known) => known === name),
  );
  if (unknown.length > 0) {
    throw new Error(`unknown in the environment: ${unknown.join(', ')}; there are ${KNOWN.join(', ')}`);
  }
  const [postgresUrl, redisUrl] = SERVERS.map((name) => (env[name] === '' ? undefined : env[name]));
  return { postgresUrl, redisUrl };
}
