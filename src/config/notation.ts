import { z } from 'zod';
import { ConditionError } from '../condition/condition-error.ts';
import { describeValue } from './describe-value.ts';
import type { Format } from './formats/format.ts';
import { ParseError } from './parse-error.ts';

export function text(what: string): z.ZodString {
  return z.string({ error: `expected ${what}` });
}

/** A string with a notation of its own; a fault in it carries `offset` and `remedy` in the issue's params. */
export function notation<T>(
  parse: (source: string) => T,
  expected: string,
): z.ZodPipe<z.ZodString, z.ZodTransform<T, string>> {
  return text(expected).transform((source, context) => {
    try {
      return parse(source);
    } catch (error) {
      if (!(error instanceof ParseError || error instanceof ConditionError)) throw error;
      const { message, offset, remedy } = error;
      context.addIssue({ code: 'custom', message, params: { offset, remedy } });
      return z.NEVER;
    }
  });
}

/** A number in a format that settings have too, such as a share. */
export function formatted<T extends number>(format: Format<T>) {
  const expected = `expected ${format.expected}`;
  return z.union([z.string(), z.number()], { error: expected }).transform((raw, context): T => {
    const value = format.parse(raw);
    if (value !== undefined) return value;
    const message = `${expected}, got ${describeValue(raw)}`;
    context.addIssue({ code: 'custom', message, params: { remedy: format.hint?.(raw) } });
    return z.NEVER;
  });
}
