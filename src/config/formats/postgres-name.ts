import type { Format } from './format.ts';

const MAX_NAME_BYTES = 63;

/** Postgres refuses any other name for a slot. https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-SLOTS-MANIPULATION */
export const slotName: Format<string> = {
  expected: 'a slot name: 1 to 63 lower-case letters, digits and underscores',
  parse: (raw) => (typeof raw === 'string' && /^[a-z0-9_]{1,63}$/.test(raw) ? raw : undefined),
  hint: quoteNumber,
};

/** Any identifier that Postgres stores uncut, taken as written: no folding to lower case, no quotes around it. */
export const publicationName: Format<string> = {
  expected: 'a publication name: 1 to 63 bytes, without quotes around it',
  parse: (raw) =>
    typeof raw === 'string' && /^[^\p{Cc}"]+$/u.test(raw) && Buffer.byteLength(raw) <= MAX_NAME_BYTES
      ? raw
      : undefined,
  hint: quoteNumber,
};

function quoteNumber(raw: unknown): string | undefined {
  return typeof raw === 'number' ? 'YAML reads it as a number: put it in quotes' : undefined;
}
