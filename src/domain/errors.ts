/**
 * The three families. The family is chosen once, where the fault is first seen, by class or SQLSTATE:
 * a ConfigError wants its author, a RetryableError wants time, a FatalError wants an operator.
 */

/** One thing wrong with what the user wrote, and how to mend it. */
export interface Problem {
  /** Where: `freshet.yaml:12:5`, an environment variable, or a flag. */
  readonly where: string;
  readonly message: string;
  readonly remedy?: string;
}

/** Settings, rules or arguments that cannot be used; carries every problem found, not only the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.problems = problems;
  }
}

export function formatProblem({ where, message, remedy }: Problem): string {
  return `${where}: ${message}${remedy === undefined ? '' : `\n    ${remedy.replaceAll('\n', '\n    ')}`}`;
}

/** A fault that goes away by itself: a lost connection, a server that restarts. The next session tries again. */
export class RetryableError extends Error {
  override readonly name: string = 'RetryableError';
}

/** A statement took longer than it may. */
export class QueryTimeoutError extends RetryableError {
  override readonly name = 'QueryTimeoutError';
}

/** Redis does not name this session as the leader any more: the next one finds out who is. */
export class LeadershipLostError extends RetryableError {
  override readonly name = 'LeadershipLostError';

  constructor(key: string) {
    super(
      `Redis key ${key} does not name this session: another process has taken the slot over, or Redis has lost ` +
        'the key; a new session begins by itself, and applies again what is not confirmed',
    );
  }
}

/** A query of a rule finds more than Freshet writes into one key. */
export class ResultTooLargeError extends Error {
  override readonly name = 'ResultTooLargeError';
}

/** Another process holds the slot, which is the leader lock: this one stands by. Intended, not a fault. */
export class StandbySignal extends Error {
  override readonly name = 'StandbySignal';
}

/** Stable codes of the faults that end the process; each has its exit code and its remedy in the README. */
export type FatalCode =
  | 'PREFLIGHT_FAILED'
  | 'SLOT_MISSING'
  | 'SLOT_LOST'
  | 'PUBLICATION_MISSING'
  | 'SOURCE_CHANGED'
  | 'DENIED'
  | 'PORT_IN_USE';

/** A fault that no retry mends: says what is wrong and what an operator does about it. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
  readonly code: FatalCode;
  readonly remedy: string;

  constructor(code: FatalCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}
