import { z } from 'zod';
import { describeValue } from './describe-value.ts';
import { EDITOR_PATTERNS } from './editor-patterns.ts';
import { duration } from './formats/duration.ts';

/**
 * A duration of a rule, always with its unit: who knows Redis takes a bare number for seconds, and settings take it for
 * milliseconds.
 * @param description for editors
 * @param whyNeeded what to say where it is missing
 */
export function ruleDuration(min: string, max: string, description: string, whyNeeded?: string) {
  const format = duration(min, max);
  const expected = `expected ${format.expected}`;
  const complaint = (raw: unknown): string => {
    const written = String(raw);
    const isBare = /^[1-9]\d*$/.test(written);
    return isBare
      ? `expected a unit, ${written}s or ${written}ms, for a bare number could be either`
      : expected;
  };
  const error = ({ input }: { readonly input?: unknown }): string =>
    input === undefined && whyNeeded !== undefined ? `${whyNeeded}: ${expected}` : complaint(input);
  return z
    .string({ error })
    .transform((raw, context): number => {
      const value = /\D/.test(raw) ? format.parse(raw) : undefined;
      if (value !== undefined) return value;
      const message = `${complaint(raw)}, got ${describeValue(raw)}`;
      context.addIssue({ code: 'custom', message, params: { remedy: format.hint?.(raw) } });
      return z.NEVER;
    })
    .meta({ description, pattern: EDITOR_PATTERNS.duration });
}
