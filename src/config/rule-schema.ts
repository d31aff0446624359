import { z } from 'zod';
import { CHANGE_KINDS } from '../domain/change.ts';
import { ParseError } from './parse-error.ts';
import { parseKeyTemplate } from './parse-key-template.ts';
import { parseTableName } from './parse-table-name.ts';

/** The actions of this version; a rule has exactly one, as a Kubernetes volume has one source. */
export const ACTION_NAMES = ['delete'] as const;

/** Fields of `spec` that rules will have; named so that the error is "not yet" and not "unknown". */
export const PLANNED_ACTIONS: readonly string[] = [
  'stale',
  'refresh',
  'set',
  'hash',
  'sortedSet',
  'counter',
  'purgeTag',
  'purgePattern',
];
export const PLANNED_FIELDS: readonly string[] = [...PLANNED_ACTIONS, 'when', 'massChange'];

const API_VERSION = 'freshet.dev/v1';
const KIND = 'CacheRule';
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const labels = z.record(z.string(), text('text'), { error: 'expected a map of text' }).optional();

const metadata = z.strictObject(
  {
    name: text('a name such as product').regex(DNS_LABEL, {
      error: 'expected 1 to 63 lower-case letters, digits and inner hyphens',
    }),
    labels,
    annotations: labels,
  },
  { error: 'expected a map with name' },
);

const spec = z.strictObject(
  {
    table: notation(parseTableName, 'a table as in SQL, such as public.products'),
    keys: z
      .array(notation(parseKeyTemplate, 'a key template such as product:${id}'), {
        error: 'expected a list of key templates such as product:${id}',
      })
      .nonempty({ error: 'expected at least one key template' }),
    on: z
      .array(z.enum(CHANGE_KINDS, { error: `expected ${CHANGE_KINDS.join(', ')}` }), {
        error: `expected a list of ${CHANGE_KINDS.join(', ')}`,
      })
      .nonempty({ error: 'expected at least one kind of change; without `on` it is all of them' })
      .optional(),
    delete: z.strictObject({}, { error: 'expected {}, for delete has no fields' }).optional(),
  },
  { error: 'expected a map with table and keys' },
);

/** One rule document as written in YAML or kept in the cluster; what comes out is parsed. */
export const ruleDocumentSchema = z.strictObject(
  {
    apiVersion: z.literal(API_VERSION, { error: `expected ${API_VERSION}` }),
    kind: z.literal(KIND, { error: `expected ${KIND}` }),
    metadata,
    spec,
  },
  { error: `expected a map with apiVersion, kind, metadata and spec` },
);

export type RuleDocument = z.infer<typeof ruleDocumentSchema>;

function text(what: string): z.ZodString {
  return z.string({ error: `expected ${what}` });
}

/** A string with a notation of its own; a fault in it carries `offset` and `remedy` in the issue's params. */
function notation<T>(
  parse: (source: string) => T,
  expected: string,
): z.ZodPipe<z.ZodString, z.ZodTransform<T, string>> {
  return text(expected).transform((source, context) => {
    try {
      return parse(source);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      const { message, offset, remedy } = error;
      context.addIssue({ code: 'custom', message, params: { offset, remedy } });
      return z.NEVER;
    }
  });
}
