/**
 * Runs one SQL statement on the primary and returns its rows.
 * @throws RetryableError when the server cannot be asked, the driver's own error when it refuses the statement
 */
export type Query = <Row extends object>(sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
