import { z } from 'zod';
import { compileCondition } from '../condition/compile-condition.ts';
import { CHANGE_KINDS } from '../domain/change.ts';
import { FAN_OUT_ACTIONS } from '../domain/fan-out-action.ts';
import type { KeyTemplate } from '../domain/key-template.ts';
import { KEYS_WITHOUT_VALUE } from '../domain/keys-without-value.ts';
import { RESULT_SHAPES } from '../domain/rule.ts';
import { ACTION_NAMES, actionSchemas } from './action-schema.ts';
import { EDITOR_PATTERNS } from './editor-patterns.ts';
import { notation, text } from './notation.ts';
import { parseKeyTemplate } from './parse-key-template.ts';
import { parseSqlTemplate } from './parse-sql-template.ts';
import { parseTableName } from './parse-table-name.ts';
import { ruleDuration } from './rule-duration.ts';
import { unboundQuery } from './unbound-query.ts';

/** What the refinement of `spec` says, for editors. */
const ONE_ACTION = {
  oneOf: [
    ...ACTION_NAMES.map((name) => ({ required: [name] })),
    { not: { anyOf: ACTION_NAMES.map((name) => ({ required: [name] })) } },
  ],
};
const FAN_OUT_WITHOUT_ROW = {
  if: { properties: { keys: { contains: { type: 'object' } } }, required: ['keys'] },
  then: noneBut(FAN_OUT_ACTIONS),
};
const LEGACY_DELETES = { if: { required: ['legacy'] }, then: noneBut(['delete']) };

function noneBut(actions: readonly string[]): object {
  const others = ACTION_NAMES.filter((name) => !actions.includes(name));
  return { not: { anyOf: others.map((name) => ({ required: [name] })) } };
}

const API_VERSION = 'freshet.dev/v1';
const KIND = 'CacheRule';
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const labels = z.record(z.string(), text('text'), { error: 'expected a map of text' }).optional();

const metadata = z.strictObject(
  {
    name: text('a name such as product')
      .regex(DNS_LABEL, {
        error: 'expected 1 to 63 lower-case letters, digits and inner hyphens',
      })
      .describe('Unique among all rules; in logs, metrics and generated types.'),
    labels,
    annotations: labels,
  },
  { error: 'expected a map with name' },
);

const template = notation(parseKeyTemplate, 'a key template such as product:${id}').meta({
  description: 'A key with columns of the row in it; filters go behind a bar: user:${email|lower}.',
  pattern: EDITOR_PATTERNS.template,
});

function hasFilter({ parts }: KeyTemplate): boolean {
  return parts.some((part) => part.kind === 'column' && part.filters.length > 0);
}

/** A template, or a query with the template of the keys that it finds. */
const keySource = z.union(
  [
    template,
    z
      .strictObject(
        {
          each: notation(
            parseSqlTemplate,
            'a query such as SELECT id FROM posts WHERE author_id = ${id}',
          ).meta({
            description:
              'Finds rows from the changed one, such as SELECT id AS post_id FROM posts WHERE author_id = ${id}.',
            pattern: EDITOR_PATTERNS.query,
          }),
          key: template.describe('The key of each row that the query finds, such as post:${post_id}.'),
          maxRows: z
            .int({ error: 'expected a number of rows' })
            .min(1, { error: 'expected at least 1 row' })
            .describe('Beyond so many rows a batch every key of the template is concerned; 10000 without it.')
            .optional(),
        },
        { error: 'expected a map with each and key' },
      )
      .describe('Keys that a query finds.'),
  ],
  { error: 'expected a key template such as product:${id}, or a map with each and key' },
);

const spec = z
  .strictObject(
    {
      table: notation(parseTableName, 'a table as in SQL, such as public.products').meta({
        description: 'With its schema, as in SQL; of a partitioned table the one at the top.',
        pattern: EDITOR_PATTERNS.table,
      }),
      keys: z
        .array(keySource, {
          error: 'expected a list of key templates such as product:${id}',
        })
        .nonempty({ error: 'expected at least one key template' })
        .describe('The keys that a changed row touches, built from the old and from the new row.'),
      on: z
        .array(z.enum(CHANGE_KINDS, { error: `expected ${CHANGE_KINDS.join(', ')}` }), {
          error: `expected a list of ${CHANGE_KINDS.join(', ')}`,
        })
        .nonempty({ error: 'expected at least one kind of change; without `on` it is all of them' })
        .describe('The kinds of change that the rule is about; without it all.')
        .optional(),
      when: notation(compileCondition, "a condition such as changed('price')")
        .meta({
          description: "Which changes the rule is about, in CEL: row, old, op, table and changed('column').",
        })
        .optional(),
      ignore: z
        .strictObject(
          {
            origins: z
              .array(text('the name of a replication origin'))
              .describe('Changes that came through one of these replication origins.')
              .optional(),
            labels: z
              .array(text('a label'))
              .describe('Transactions that were given one of these labels by a logical message.')
              .optional(),
          },
          { error: 'expected a map with origins or labels' },
        )
        .describe('Changes that the rule leaves alone: bulk imports whose writer takes care of the keys.')
        .optional(),
      mode: z
        .enum(['live', 'shadow'], { error: 'expected live or shadow' })
        .describe('A shadow rule only counts and logs what it would do.')
        .optional(),
      massChange: z
        .strictObject(
          {
            over: z
              .int({ error: 'expected a number of rows' })
              .min(1, { error: 'expected at least 1 row' })
              .describe('Changed rows of the table, in one transaction or in a backlog.'),
            then: z
              .enum(['purge', 'keys'], { error: 'expected purge or keys' })
              .describe('purge: every key of the rule by its pattern; keys: one by one all the same.'),
          },
          { error: 'expected a map with over and then' },
        )
        .describe('What happens beyond so many changed rows.')
        .optional(),
      legacy: z
        .strictObject(
          {
            fillGrace: ruleDuration(
              '100ms',
              '1m',
              'How long after the first delete, such as 2s (without it); up to 1m.',
            ).optional(),
          },
          { error: 'expected a map with fillGrace' },
        )
        .describe(
          'For applications that fill the keys by plain SET, without leases: each key is deleted once more a while later.',
        )
        .optional(),
      verify: z
        .strictObject(
          {
            query: notation(
              parseSqlTemplate,
              'a query such as SELECT name, price FROM products WHERE id = ${id}',
            ).meta({
              description: 'What a key must hold, by the columns in it; ${column} is bound as a parameter.',
              pattern: EDITOR_PATTERNS.query,
            }),
            as: z
              .enum(RESULT_SHAPES, { error: `expected ${RESULT_SHAPES.join(', ')}` })
              .describe('As in refresh: json (without it), rows, hash or string.')
              .optional(),
          },
          { error: 'expected a map with query' },
        )
        .describe('How `freshet verify` proves the keys, whoever fills them; refresh has a query already.')
        .optional(),
      ...actionSchemas,
    },
    { error: 'expected a map with table and keys' },
  )
  .superRefine((given, context) => {
    const actions = ACTION_NAMES.filter((name) => given[name] !== undefined);
    const [action, second] = actions;
    const hasFanOut = given.keys.some((key) => 'each' in key);
    if (hasFanOut && action !== undefined && FAN_OUT_ACTIONS.every((kind) => kind !== action)) {
      const message = `keys from a query (each) go with ${FAN_OUT_ACTIONS.join(', ')} only: there is no row to write`;
      context.addIssue({ code: 'custom', path: [action], message, params: {} });
    }
    if (given.legacy !== undefined && action !== undefined && action !== 'delete') {
      const message = `goes with delete alone, not with ${action}: it deletes a key once more`;
      context.addIssue({ code: 'custom', path: ['legacy'], message, params: {} });
    }
    if (given.verify !== undefined && action !== undefined && KEYS_WITHOUT_VALUE.has(action)) {
      const message = `proves what a key holds, and those of ${action} hold nothing that a query could tell`;
      context.addIssue({ code: 'custom', path: ['verify'], message, params: {} });
    }
    const keys = given.keys.map((key) => ('each' in key ? key.key : key));
    const unbound = given.verify && unboundQuery(given.verify.query, keys);
    if (unbound !== undefined) {
      const { message, offset, remedy } = unbound;
      context.addIssue({ code: 'custom', path: ['verify', 'query'], message, params: { offset, remedy } });
    }
    const derived = given.counter === undefined ? given.sortedSet?.always && 'sortedSet' : 'counter';
    const filtered = given.keys.find((key) => 'source' in key && hasFilter(key));
    if (derived && filtered !== undefined && 'source' in filtered) {
      const what = derived === 'counter' ? 'a counter' : '`always`';
      const message = `${what} reads the rows of a key by its columns, which a filter changes: ${filtered.source}`;
      const remedy = 'leave the filter out, or use refresh with a query of your own';
      context.addIssue({ code: 'custom', path: [derived], message, params: { remedy } });
    }
    if (second !== undefined) {
      const message = `a rule has exactly one action, not ${actions.join(' and ')}`;
      context.addIssue({ code: 'custom', path: [second], message, params: {} });
    }
  })
  .meta({
    description:
      'Which changes of a table touch which keys, and how: exactly one action, or none, which is delete.',
    ...ONE_ACTION,
    allOf: [FAN_OUT_WITHOUT_ROW, LEGACY_DELETES],
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
