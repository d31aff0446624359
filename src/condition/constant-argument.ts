import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import type { ConditionProblem } from '../domain/condition.ts';
import type { Call } from './expression.ts';

interface Notation {
  /** Which argument it is; the target of a method is 0. */
  readonly index: number;
  readonly evaluate: ReturnType<typeof plan>;
  readonly message: string;
  readonly remedy: string;
}

const REGULAR_EXPRESSION = notation(
  1,
  "''.matches(text)",
  'not a regular expression',
  'the syntax is that of RE2',
);
const DURATION = notation(
  0,
  'duration(text)',
  'not a duration',
  "write duration('1h30m') or duration('90s')",
);
const TIME_ZONE = notation(
  1,
  "timestamp('2026-01-31T10:00:00Z').getHours(text)",
  'not a time zone',
  "write 'Europe/Berlin' or '+01:00'",
);

/** A constant that the function that it is given to can never read, which would fail for every row. */
export function constantArgumentProblem({ name, args }: Call): ConditionProblem | undefined {
  const known = notationOf(name);
  const argument = known && args[known.index];
  if (known === undefined || argument?.kind !== 'literal' || argument.type !== 'string') return undefined;
  if (!isCelError(known.evaluate({ text: argument.text ?? '' }))) return undefined;
  return { message: known.message, offset: argument.offset, remedy: known.remedy };
}

function notationOf(name: string): Notation | undefined {
  if (name === 'matches') return REGULAR_EXPRESSION;
  if (name === 'duration') return DURATION;
  return name.startsWith('get') ? TIME_ZONE : undefined;
}

function notation(index: number, source: string, message: string, remedy: string): Notation {
  return { index, evaluate: plan(celEnv(), parse(source).expr), message, remedy };
}
