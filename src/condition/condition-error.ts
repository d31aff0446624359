import type { ConditionProblem } from '../domain/condition.ts';

/** A condition that cannot be read, or that no table could make sense of. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
  /** Characters before the fault, so that a position in a file can point into the condition. */
  readonly offset: number;
  readonly remedy: string | undefined;

  constructor({ message, offset, remedy }: ConditionProblem, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
    this.remedy = remedy;
  }
}
