import { z } from 'zod';
import { RESULT_SHAPES, type RuleAction } from '../domain/rule.ts';
import { duration } from './formats/duration.ts';
import { share } from './formats/share.ts';
import { formatted, notation, text } from './notation.ts';
import { parseColumnName } from './parse-column-name.ts';
import { parseSqlTemplate } from './parse-sql-template.ts';
import { parseTemplate } from './parse-template.ts';

/** Short enough to heal what nobody foresaw, long enough for any cache. */
const LONGEST_TTL = '720h';
const DEFAULT_JITTER = 0.1;
const DEFAULT_MAX_LENGTH = 10_000;

const nothing = z.strictObject({}, { error: 'expected {}, for it has no fields' });

const expiry = {
  ttl: formatted(duration('1s', LONGEST_TTL)),
  jitter: formatted(share(0.5)).optional(),
};

const columns = z
  .array(notation(parseColumnName, 'a column'), { error: 'expected a list of columns' })
  .nonempty({ error: 'expected at least one column; without `columns` it is all of them' })
  .optional();

/** The actions of this version; a rule has exactly one, as a Kubernetes volume has one source. */
export const actionSchemas = {
  delete: nothing.optional(),
  set: z
    .strictObject(
      {
        ...expiry,
        columns,
        template: notation((source) => parseTemplate(source), 'a text such as ${price}').optional(),
      },
      { error: 'expected a map with ttl' },
    )
    .refine(({ columns: chosen, template }) => chosen === undefined || template === undefined, {
      error: 'has columns and template; a value is either of them',
    })
    .optional(),
  hash: z
    .strictObject(
      {
        ...expiry,
        columns,
        nulls: z.enum(['remove', 'empty'], { error: 'expected remove or empty' }).optional(),
      },
      { error: 'expected a map with ttl' },
    )
    .optional(),
  refresh: z
    .strictObject(
      {
        ...expiry,
        query: notation(parseSqlTemplate, 'a query such as SELECT * FROM products WHERE id = ${id}'),
        as: z.enum(RESULT_SHAPES, { error: `expected ${RESULT_SHAPES.join(', ')}` }).optional(),
        always: z.boolean({ error: 'expected true or false' }).optional(),
      },
      { error: 'expected a map with query and ttl' },
    )
    .optional(),
  publish: z
    .strictObject(
      {
        channel: text('the name of a channel').min(1).optional(),
        stream: text('the name of a stream').min(1).optional(),
        maxLength: z.int({ error: 'expected a number of entries' }).min(1).optional(),
      },
      { error: 'expected a map with channel or stream' },
    )
    .refine(({ channel, stream }) => (channel === undefined) !== (stream === undefined), {
      error: 'expected either channel or stream',
    })
    .refine(({ channel, maxLength }) => channel === undefined || maxLength === undefined, {
      error: 'has maxLength, which only a stream has',
    })
    .optional(),
  purgeTag: nothing.optional(),
  purgePattern: nothing.optional(),
};

const actions = z.object(actionSchemas);
export type Actions = z.infer<typeof actions>;

export const ACTION_NAMES = Object.keys(actionSchemas) as readonly (keyof Actions)[];

/** The one action that is given; without any it is delete. */
export function toAction({ set, hash, refresh, publish, purgeTag, purgePattern }: Actions): RuleAction {
  if (set !== undefined) {
    return { kind: 'set', columns: set.columns, template: set.template, expiry: toExpiry(set) };
  }
  if (hash !== undefined) {
    return { kind: 'hash', columns: hash.columns, nulls: hash.nulls ?? 'remove', expiry: toExpiry(hash) };
  }
  if (refresh !== undefined) {
    const { query, as = 'json', always = false } = refresh;
    return { kind: 'refresh', query, as, always, expiry: toExpiry(refresh) };
  }
  if (publish?.channel !== undefined) return { kind: 'publish', to: 'channel', name: publish.channel };
  if (publish?.stream !== undefined) {
    const maxLength = publish.maxLength ?? DEFAULT_MAX_LENGTH;
    return { kind: 'publish', to: 'stream', name: publish.stream, maxLength };
  }
  if (purgeTag !== undefined) return { kind: 'purgeTag' };
  return purgePattern === undefined ? { kind: 'delete' } : { kind: 'purgePattern' };
}

function toExpiry({ ttl, jitter }: { ttl: number; jitter?: number | undefined }): {
  ttlMs: number;
  jitter: number;
} {
  return { ttlMs: ttl, jitter: jitter ?? DEFAULT_JITTER };
}
