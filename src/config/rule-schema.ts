import { z } from 'zod';
import { compileCondition } from '../condition/compile-condition.ts';
import { CHANGE_KINDS } from '../domain/change.ts';
import { ACTION_NAMES, actionSchemas } from './action-schema.ts';
import { notation, text } from './notation.ts';
import { parseKeyTemplate } from './parse-key-template.ts';
import { parseSqlTemplate } from './parse-sql-template.ts';
import { parseTableName } from './parse-table-name.ts';

/** Fields of `spec` that rules will have; named so that the error is "not yet" and not "unknown". */
export const PLANNED_ACTIONS: readonly string[] = ['stale', 'sortedSet', 'counter'];
export const PLANNED_FIELDS: readonly string[] = PLANNED_ACTIONS;

const FAN_OUT_ACTIONS: readonly string[] = ['delete', 'purgeTag', 'publish'];

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

const template = notation(parseKeyTemplate, 'a key template such as product:${id}');

/** A template, or a query with the template of the keys that it finds. */
const keySource = z.union(
  [
    template,
    z.strictObject(
      {
        each: notation(parseSqlTemplate, 'a query such as SELECT id FROM posts WHERE author_id = ${id}'),
        key: template,
        maxRows: z.int({ error: 'expected a number of rows' }).min(1).optional(),
      },
      { error: 'expected a map with each and key' },
    ),
  ],
  { error: 'expected a key template such as product:${id}, or a map with each and key' },
);

const spec = z
  .strictObject(
    {
      table: notation(parseTableName, 'a table as in SQL, such as public.products'),
      keys: z
        .array(keySource, {
          error: 'expected a list of key templates such as product:${id}',
        })
        .nonempty({ error: 'expected at least one key template' }),
      on: z
        .array(z.enum(CHANGE_KINDS, { error: `expected ${CHANGE_KINDS.join(', ')}` }), {
          error: `expected a list of ${CHANGE_KINDS.join(', ')}`,
        })
        .nonempty({ error: 'expected at least one kind of change; without `on` it is all of them' })
        .optional(),
      when: notation(compileCondition, "a condition such as changed('price')").optional(),
      mode: z.enum(['live', 'shadow'], { error: 'expected live or shadow' }).optional(),
      massChange: z
        .strictObject(
          {
            over: z.int({ error: 'expected a number of rows' }).min(1, { error: 'expected at least 1 row' }),
            then: z.enum(['purge', 'keys'], { error: 'expected purge or keys' }),
          },
          { error: 'expected a map with over and then' },
        )
        .optional(),
      ...actionSchemas,
    },
    { error: 'expected a map with table and keys' },
  )
  .superRefine((given, context) => {
    const [, ...more] = ACTION_NAMES.filter((name) => given[name] !== undefined);
    const [action] = ACTION_NAMES.filter((name) => given[name] !== undefined);
    const hasFanOut = given.keys.some((key) => 'each' in key);
    if (hasFanOut && action !== undefined && !FAN_OUT_ACTIONS.includes(action)) {
      const message = `keys from a query (each) go with ${FAN_OUT_ACTIONS.join(', ')} only: there is no row to write`;
      context.addIssue({ code: 'custom', path: [action], message, params: {} });
    }
    for (const name of more) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'a rule has exactly one action',
        params: {},
      });
    }
  });

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
