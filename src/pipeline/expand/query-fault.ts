import type { Origin } from '../../domain/effect.ts';
import { QueryTimeoutError, RetryableError } from '../../domain/errors.ts';
import type { SqlTemplate } from '../../domain/sql-template.ts';

/** Told of a rule's query that was refused or took too long; its keys are removed instead. */
export type OnQueryFault = (origin: Origin, sql: SqlTemplate, error: unknown) => void;

/** Another query would be no use either: it is the server that is away, not the query that is wrong. */
export function isServerAway(error: unknown): boolean {
  return error instanceof RetryableError && !(error instanceof QueryTimeoutError);
}
