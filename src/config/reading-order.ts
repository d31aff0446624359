import type { Problem } from '../domain/errors.ts';

/** By file, line and column, so that a user mends a file from top to bottom. */
export function inReadingOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => NUMBERS_AS_NUMBERS.compare(a.where, b.where));
}

const NUMBERS_AS_NUMBERS = new Intl.Collator('en', { numeric: true });
