import { z } from 'zod';
import { CHANGE_KINDS } from '../domain/change.ts';
import { formatDuration } from '../domain/duration.ts';
import { EFFECT_DETAILS, EFFECT_WORDS } from '../explain/worded-effect.ts';
import { notation, text } from './notation.ts';
import { parseTableName } from './parse-table-name.ts';
import { ruleDuration } from './rule-duration.ts';

const tableName = notation(parseTableName, 'a table as in SQL, such as public.products');
/** As `explain` writes it, so that 60s and 1m are the same. */
const span = ruleDuration('1ms', '24h', 'As in a rule.').transform(formatDuration);
const row = z.record(z.string(), z.unknown(), { error: 'expected a map of columns' });

const table = z.strictObject(
  {
    columns: z
      .union([z.array(z.string()), z.record(z.string(), z.string())], {
        error: 'expected a list of columns, or a map with their types such as {id: int8}',
      })
      .optional(),
    identity: z
      .union([z.literal('full'), z.array(z.string())], {
        error: 'expected full or a list of columns',
      })
      .optional(),
    partitionOf: tableName.optional(),
  },
  { error: 'expected a map with columns' },
);

/** Exactly one word with what it is about, and details of it. */
const effect = z
  .strictObject(
    {
      delete: text('a key').optional(),
      stale: text('a key').optional(),
      set: text('a key').optional(),
      hash: text('a key').optional(),
      sortedSet: text('a key').optional(),
      refresh: text('a key').optional(),
      publish: text('a key').optional(),
      publishPattern: text('a pattern').optional(),
      purge: text('a pattern').optional(),
      purgeTag: text('the key of a tag').optional(),
      purgeTags: text('a pattern of tags').optional(),
      fanOut: text('a key template').optional(),
      skip: text('a key template').optional(),
      value: z.unknown().optional(),
      fields: row.optional(),
      members: z
        .record(z.string(), z.unknown(), { error: 'expected a map of members with their scores' })
        .optional(),
      query: text('the query').optional(),
      with: row.optional(),
      onlyIfExists: z.boolean({ error: 'expected true or false' }).optional(),
      format: z.literal('freshet', { error: 'expected freshet' }).optional(),
      serveFor: span.optional(),
      fillGrace: span.optional(),
      channel: text('the name of a channel').optional(),
      stream: text('the name of a stream').optional(),
      rule: text('the name of a rule').optional(),
    },
    { error: `expected a map such as {delete: product:7}, with one of ${EFFECT_WORDS.join(', ')}` },
  )
  .refine((given) => EFFECT_WORDS.filter((word) => given[word] !== undefined).length === 1, {
    error: `expected exactly one of ${EFFECT_WORDS.join(', ')}`,
  })
  .transform((given) => {
    const word = EFFECT_WORDS.find((each) => given[each] !== undefined) ?? 'delete';
    const said = EFFECT_DETAILS.filter((name) => given[name] !== undefined);
    return {
      word,
      subject: given[word] ?? '',
      details: Object.fromEntries(said.map((name) => [name, given[name]])),
    };
  });

const change = z
  .strictObject(
    {
      it: text('a sentence: what this shows'),
      insert: tableName.optional(),
      update: tableName.optional(),
      delete: tableName.optional(),
      truncate: tableName.optional(),
      old: row.optional(),
      new: row.optional(),
      effects: z.array(effect, { error: 'expected a list of effects; [] where there are none' }),
    },
    { error: 'expected a map with it, a kind of change and effects' },
  )
  .superRefine((given, context) => {
    const [kind, ...more] = CHANGE_KINDS.filter((each) => given[each] !== undefined);
    const refuse = (message: string): void => context.addIssue({ code: 'custom', message, params: {} });
    if (kind === undefined || more.length > 0) refuse(`a change is one of ${CHANGE_KINDS.join(', ')}`);
    if ((kind === 'insert' || kind === 'update') && given.new === undefined) refuse(`${kind} needs new`);
    if (kind === 'delete' && given.old === undefined) refuse('delete needs old');
    if (kind === 'insert' && given.old !== undefined) refuse('an insert has no old row');
    if (kind === 'delete' && given.new !== undefined) refuse('a delete has no new row');
  });

/**
 * A document with changes and their effects, beside the rules or in a file with them:
 *
 *     rules: [product.yaml]         # without it: the rules in this file, or in product.yaml for product.test.yaml
 *     tables:                       # where it matters; else a table has the columns of its rows, and `id` as identity
 *       public.events_2024:
 *         columns: {id: int8, room_id: int8}    # in the order of the table; a list where types do not matter
 *         identity: [id]            # the columns of the replica identity, or `full`
 *         partitionOf: public.events
 *     changes:
 *       - it: what this shows
 *         update: public.products   # or insert, delete, truncate
 *         old: {id: 7}              # as Postgres sends it; a column left out is one that it does not tell
 *         new: {id: 8, name: null}
 *         effects:                  # all, in any order; an effect that comes twice is written once
 *           - delete: product:7
 *           - purge: product:*
 *           - skip: user:${email}   # the template of a key with NULL in it
 *             rule: user            # a detail; what is not said is not compared
 */
export const fixtureSchema = z.strictObject(
  {
    rules: z.array(text('a file'), { error: 'expected a list of rule files' }).optional(),
    tables: z.record(z.string(), table, { error: 'expected a map of tables' }).default({}),
    changes: z
      .array(change, { error: 'expected a list of changes with their effects' })
      .nonempty({ error: 'expected at least one change' }),
  },
  { error: 'expected a map with changes' },
);
