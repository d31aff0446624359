import type { Change } from '../domain/change.ts';
import type { Doubt } from '../domain/condition.ts';

/** True, false, or why neither is known. Doubt passes through `!`, and yields to what decides `&&` and `||`, as in CEL. */
export type Answer = boolean | Doubt;

/** A bound part of a condition. Never throws. */
export type Test = (change: Change) => Answer;

export function negate(test: Test): Test {
  return (change) => {
    const answer = test(change);
    return typeof answer === 'boolean' ? !answer : answer;
  };
}

/** @param decisive the answer of one operand that settles it: false for `&&`, true for `||` */
export function combine(tests: readonly Test[], decisive: boolean): Test {
  return (change) => {
    let doubt: Doubt | undefined;
    for (const test of tests) {
      const answer = test(change);
      if (answer === decisive) return decisive;
      if (typeof answer !== 'boolean') doubt ??= answer;
    }
    return doubt ?? !decisive;
  };
}

export function choose(condition: Test, then: Test, otherwise: Test): Test {
  return (change) => {
    const answer = condition(change);
    if (typeof answer !== 'boolean') return answer;
    return answer ? then(change) : otherwise(change);
  };
}
