import { ConfigError, FatalError } from '../domain/errors.ts';
import { PreflightError } from './preflight-error.ts';

/** On one line, of the first problem, what it is and where: for a page that asks nobody who they are. The log says all. */
export function describeRefusal(error: unknown): string {
  if (error instanceof PreflightError) return `${error.first.code} ${error.first.subject}`;
  if (error instanceof ConfigError) return error.problems[0]?.where ?? 'rules';
  return error instanceof FatalError ? error.code : 'a fault that nobody foresaw';
}
