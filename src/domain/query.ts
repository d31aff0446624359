/**
 * Runs one SQL statement on the primary and returns its rows.
 * @throws RetryableError when the server cannot be asked, the driver's own error when it refuses the statement
 */
export type Query = <Row extends object>(sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/**
 * Runs one SQL statement for as long as it takes, and never waits for one lock longer than the limit.
 * @param onBackend told who runs it, so that one can ask whom it waits for
 * @throws as Query does; SQLSTATE 55P03 where the limit was reached
 */
export type LockingQuery = (
  sql: string,
  lockTimeoutMs: number,
  onBackend: (backend: number) => void,
) => Promise<void>;
