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
  override readonly name = 'RetryableError';
}

/** Stable codes of the faults that end the process; each has its remedy in the README's table. */
export type FatalCode =
  | 'SLOT_MISSING'
  | 'SLOT_LOST'
  | 'SLOT_UNUSABLE'
  | 'PUBLICATION_MISSING'
  | 'SOURCE_CHANGED'
  | 'PORT_IN_USE'
  | 'PREFLIGHT_FAILED'
  | 'DENIED';

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
