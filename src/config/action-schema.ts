import { z } from 'zod';
import type { KeyTemplate } from '../domain/key-template.ts';
import { RESULT_SHAPES, type RuleAction } from '../domain/rule.ts';
import { EDITOR_PATTERNS } from './editor-patterns.ts';
import { share } from './formats/share.ts';
import { formatted, notation, text } from './notation.ts';
import { parseColumnName } from './parse-column-name.ts';
import { ParseError } from './parse-error.ts';
import { parseSqlTemplate } from './parse-sql-template.ts';
import { parseTemplate } from './parse-template.ts';
import { ruleDuration } from './rule-duration.ts';

/** Short enough to heal what nobody foresaw, long enough for any cache. */
const LONGEST_TTL = '30d';
const LONGEST_SERVING = '24h';
const DEFAULT_JITTER = 0.1;
const DEFAULT_MAX_LENGTH = 10_000;

const nothing = z.strictObject({}, { error: 'expected {}, for it has no fields' });

const expiry = {
  ttl: ruleDuration(
    '1s',
    LONGEST_TTL,
    `How long the value lives, such as 1h; from 1s to ${LONGEST_TTL}.`,
    'every key that Freshet writes has a TTL',
  ),
  jitter: formatted(share(0.5))
    .meta({
      description: 'By how much of the ttl a key may live longer or shorter, up to 50%; 10% without it.',
      pattern: EDITOR_PATTERNS.share,
    })
    .optional(),
};

const format = z
  .enum(['plain', 'freshet'], { error: 'expected plain or freshet' })
  .describe('freshet: as an entry for readers with the client; plain (without it): the value alone.')
  .optional();

const columns = z
  .array(notation(parseColumnName, 'a column').meta({ pattern: EDITOR_PATTERNS.column }), {
    error: 'expected a list of columns',
  })
  .nonempty({ error: 'expected at least one column; without `columns` it is all of them' })
  .describe('The columns to store, in this order; without it all.')
  .optional();

function flag(what: string): z.ZodOptional<z.ZodBoolean> {
  return z.boolean({ error: 'expected true or false' }).describe(what).optional();
}

function parseMember(source: string): KeyTemplate {
  const template = parseTemplate(source);
  if (template.columns.length === 0)
    throw new ParseError('a member without a column', 0, 'every row would be the same: write ${id}');
  return template;
}

function named(what: string): z.ZodString {
  return text(what).min(1, { error: `expected ${what}` });
}

/** The actions of this version; a rule has exactly one, as a Kubernetes volume has one source. */
export const actionSchemas = {
  delete: nothing.describe('Deletes the keys (UNLINK): what a rule without an action does.').optional(),
  stale: z
    .strictObject(
      {
        serveFor: ruleDuration(
          '1ms',
          LONGEST_SERVING,
          `For how long at most the old value is served, such as 30s; up to ${LONGEST_SERVING}.`,
          'an old value is served for a while, not for ever',
        ),
      },
      { error: 'expected a map with serveFor' },
    )
    .describe('Readers with the client are served the old value while exactly one of them loads the new one.')
    .optional(),
  set: z
    .strictObject(
      {
        ...expiry,
        format,
        columns,
        template: notation((source) => parseTemplate(source), 'a text such as ${price}')
          .meta({
            description: 'The value as a text with columns in it, such as ${price}.',
            pattern: EDITOR_PATTERNS.template,
          })
          .optional(),
      },
      { error: 'expected a map with ttl' },
    )
    .refine(({ columns: chosen, template }) => chosen === undefined || template === undefined, {
      error: 'has columns and template; a value is either of them',
    })
    .meta({
      description: 'Stores the row as a JSON object, or as a text; a DELETE removes the key.',
      not: { required: ['columns', 'template'] },
    })
    .optional(),
  hash: z
    .strictObject(
      {
        ...expiry,
        columns,
        nulls: z
          .enum(['remove', 'empty'], { error: 'expected remove or empty' })
          .describe('What a NULL becomes: no field (without it), or an empty one.')
          .optional(),
      },
      { error: 'expected a map with ttl' },
    )
    .describe('Stores the row as a Redis hash, a field a column; an UPDATE writes what has changed.')
    .optional(),
  refresh: z
    .strictObject(
      {
        ...expiry,
        format,
        query: notation(parseSqlTemplate, 'a query such as SELECT * FROM products WHERE id = ${id}').meta({
          description: 'What is read once the change is visible; ${column} is bound as a parameter.',
          pattern: EDITOR_PATTERNS.query,
        }),
        as: z
          .enum(RESULT_SHAPES, { error: `expected ${RESULT_SHAPES.join(', ')}` })
          .describe(
            'The first row as a JSON object (without it) or a hash, all rows as an array, one value as text.',
          )
          .optional(),
        template: notation((source) => parseTemplate(source), 'a text such as ${price}')
          .meta({
            description: 'The first row as a text with columns of the result in it, such as ${price}.',
            pattern: EDITOR_PATTERNS.template,
          })
          .optional(),
        always: flag('Also where the key does not exist; without it only what is cached is read again.'),
      },
      { error: 'expected a map with query and ttl' },
    )
    .refine(({ as, format: form }) => as !== 'hash' || form !== 'freshet', {
      error: 'has as: hash and format: freshet; an entry holds one value: json, rows or string',
    })
    .refine(({ as, template }) => as === undefined || template === undefined, {
      error: 'has as and template; a value is either of them',
    })
    .refine(({ template }) => template === undefined || template.columns.length > 0, {
      error: 'has a template without a column: every value would be the same',
    })
    .meta({
      description: 'Reads the key again by a query after the change, and stores the result.',
      not: {
        anyOf: [
          {
            properties: { as: { const: 'hash' }, format: { const: 'freshet' } },
            required: ['as', 'format'],
          },
          { required: ['as', 'template'] },
        ],
      },
    })
    .optional(),
  sortedSet: z
    .strictObject(
      {
        ...expiry,
        member: notation(parseMember, 'a member such as ${id}').meta({
          description: 'The member that a row is, such as ${id}; no two rows of a key may be the same.',
          pattern: EDITOR_PATTERNS.template,
        }),
        score: notation(parseColumnName, 'a column').meta({
          description: 'A column of a number; a row where it is NULL is no member.',
          pattern: EDITOR_PATTERNS.column,
        }),
        always: flag(
          'A set that does not exist is read whole; without it only one that is cached is kept right.',
        ),
      },
      { error: 'expected a map with member, score and ttl' },
    )
    .describe('Keeps a Redis sorted set right, a member a row: for leaderboards and ordered lists.')
    .optional(),
  counter: z
    .strictObject(
      {
        ...expiry,
        count: nothing.describe('The number of rows.').optional(),
        sum: notation(parseColumnName, 'a column')
          .meta({ description: 'What this column of them adds up to.', pattern: EDITOR_PATTERNS.column })
          .optional(),
        always: flag('Also where the key does not exist; without it only what is cached is counted again.'),
      },
      { error: 'expected a map with count or sum, and ttl' },
    )
    .refine(({ count, sum }) => (count === undefined) !== (sum === undefined), {
      error: 'expected either count: {} or sum',
    })
    .meta({
      description:
        'Stores how many rows of the table belong to the key, or the sum of a column, counted anew.',
      oneOf: [{ required: ['count'] }, { required: ['sum'] }],
    })
    .optional(),
  publish: z
    .strictObject(
      {
        channel: named('the name of a channel').describe('A channel of Redis Pub/Sub.').optional(),
        stream: named('the name of a stream').describe('A Redis stream.').optional(),
        maxLength: z
          .int({ error: 'expected a number of entries' })
          .min(1, { error: 'expected at least 1 entry' })
          .describe(`About how many entries the stream keeps; ${DEFAULT_MAX_LENGTH} without it.`)
          .optional(),
      },
      { error: 'expected a map with channel or stream' },
    )
    .refine(({ channel, stream }) => (channel === undefined) !== (stream === undefined), {
      error: 'expected either channel or stream',
    })
    .refine(({ channel, maxLength }) => channel === undefined || maxLength === undefined, {
      error: 'has maxLength, which only a stream has',
    })
    .meta({
      description: 'Tells others that a key has changed, so that they drop it from caches of their own.',
      oneOf: [{ required: ['channel'] }, { required: ['stream'] }],
      not: { required: ['channel', 'maxLength'] },
    })
    .optional(),
  purgeTag: nothing
    .describe('The keys are Redis sets: deletes the keys that they hold, and the sets.')
    .optional(),
  purgePattern: nothing
    .describe('The keys are glob patterns: deletes every key that matches (SCAN, paced).')
    .optional(),
};

const actions = z.object(actionSchemas);
export type Actions = z.infer<typeof actions>;

export const ACTION_NAMES = Object.keys(actionSchemas) as readonly (keyof Actions)[];

/**
 * The one action that is given; without any it is delete.
 * @param fillGraceMs of `legacy`, which goes with delete alone
 */
export function toAction(given: Actions, fillGraceMs: number | undefined): RuleAction {
  const { stale, set, hash, refresh, sortedSet, counter, publish, purgeTag, purgePattern } = given;
  if (stale !== undefined) return { kind: 'stale', serveMs: stale.serveFor };
  if (set !== undefined) {
    const { columns: chosen, template } = set;
    return { kind: 'set', columns: chosen, template, expiry: toExpiry(set), ...toForm(set) };
  }
  if (hash !== undefined) {
    return { kind: 'hash', columns: hash.columns, nulls: hash.nulls ?? 'remove', expiry: toExpiry(hash) };
  }
  if (refresh !== undefined) {
    const { query, template, always = false } = refresh;
    const as = template === undefined ? (refresh.as ?? 'json') : { template };
    return { kind: 'refresh', query, as, always, expiry: toExpiry(refresh), ...toForm(refresh) };
  }
  if (sortedSet !== undefined) {
    const { member, score, always = false } = sortedSet;
    return { kind: 'sortedSet', member, score, always, expiry: toExpiry(sortedSet) };
  }
  if (counter !== undefined) {
    const { sum, always = false } = counter;
    return { kind: 'counter', sum, always, expiry: toExpiry(counter) };
  }
  if (publish?.channel !== undefined) return { kind: 'publish', to: 'channel', name: publish.channel };
  if (publish?.stream !== undefined) {
    const maxLength = publish.maxLength ?? DEFAULT_MAX_LENGTH;
    return { kind: 'publish', to: 'stream', name: publish.stream, maxLength };
  }
  if (purgeTag !== undefined) return { kind: 'purgeTag' };
  if (purgePattern !== undefined) return { kind: 'purgePattern' };
  return fillGraceMs === undefined ? { kind: 'delete' } : { kind: 'delete', fillGraceMs };
}

function toForm({ format: form }: { readonly format?: 'plain' | 'freshet' | undefined }): { asEntry?: true } {
  return form === 'freshet' ? { asEntry: true } : {};
}

function toExpiry({ ttl, jitter }: { ttl: number; jitter?: number | undefined }): {
  ttlMs: number;
  jitter: number;
} {
  return { ttlMs: ttl, jitter: jitter ?? DEFAULT_JITTER };
}
