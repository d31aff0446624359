import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRules } from '../../../src/config/load-rules.ts';
import { FILTER_NAMES } from '../../../src/domain/key-template.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import type { KeyColumn } from '../../../src/keys/column-text.ts';
import { renderKeys } from '../../../src/keys/render-keys.ts';
import { compileTemplate } from '../../../src/template/render-template.ts';
import { loadKeys } from './load-keys.ts';

function rule(name: string, keys: readonly unknown[], more: object = {}): object {
  return {
    apiVersion: 'freshet.dev/v1',
    kind: 'CacheRule',
    metadata: { name },
    spec: { table: 'public.products', keys, ...more },
  };
}

function rulesOf(...documents: readonly object[]): readonly Rule[] {
  return parseRules(documents.map((document) => JSON.stringify(document)).join('\n---\n'), 'rules.yaml');
}

const UNTYPED = (): undefined => undefined;
const FAN_OUT = { each: 'SELECT id AS post_id FROM posts WHERE author_id = ${id}', key: 'post:${post_id}' };

test('the generated file', () => {
  const columns: Record<string, KeyColumn> = {
    id: { type: 'int8', sqlType: 'bigint' },
    price: { type: 'numeric', sqlType: 'numeric(10,2)' },
  };
  const rules = rulesOf(
    rule('product', ['product:${id}', 'price:${price}:`\\$${$', FAN_OUT]),
    rule('by-pattern', ['product:${id}:*'], { purgePattern: {} }),
    rule('tried', ['tried:${id}'], { mode: 'shadow' }),
    rule('2fa', ['otp:${"Item Id"|sha256}']),
  );
  expect(renderKeys(rules, (_rule, column) => columns[column])).toMatchInlineSnapshot(`
    "// Written by \`freshet types\` from the rules; edit those. The functions build the keys that Freshet touches, byte for
    // byte: columns in Postgres' text form, filters as in the rule.
    import { createHash } from 'node:crypto';

    export const keys = {
      /** \`product:\${id}\` of public.products, rule product */
      product: Object.assign(
        (row: { id: bigint | number | string }): string => \`product:\${integer(row.id)}\`,
        {
          /** \`price:\${price}:\`\\$\${$\` of public.products, rule product */
          price: (row: { price: string }): string => \`price:\${numeric(row.price, 2)}:\\\`\\\\\\\${$\`,
          /** \`post:\${post_id}\` of a query, rule product */
          post: (row: { post_id: string }): string => \`post:\${text(row.post_id)}\`,
        },
      ),
      /** \`otp:\${"Item Id"|sha256}\` of public.products, rule 2fa */
      "2fa": (row: { "Item Id": string }): string => \`otp:\${hash('sha256', text(row["Item Id"]))}\`,
    };

    function text(value: string): string {
      if (typeof value !== 'string') throw new TypeError(\`not a string: \${String(value)}\`);
      return value;
    }

    /** A number beyond 2^53 has lost digits already: pass a bigint or a string. */
    function integer(value: bigint | number | string): string {
      const digits = String(value);
      const isExact = typeof value !== 'number' || Number.isSafeInteger(value);
      if (!isExact || !/^(?:0|-?[1-9]\\d*)$/.test(digits)) throw new TypeError(\`not an exact integer: \${digits}\`);
      return digits;
    }

    /** With the decimals that the column has; a column without a scale keeps those that were written, so pass its text. */
    function numeric(value: string, scale?: number): string {
      const match = /^(-?)(0|[1-9]\\d*)(?:\\.(\\d+))?$/.exec(text(value));
      if (match === null && /^(?:NaN|-?Infinity)$/.test(value)) return value;
      const [, sign = '', whole = '', decimals = ''] = match ?? [];
      if (match === null || decimals.length > (scale ?? Infinity)) {
        throw new TypeError(\`not a numeric of this column: \${value}\`);
      }
      const all = decimals.padEnd(scale ?? 0, '0');
      const digits = all === '' ? whole : \`\${whole}.\${all}\`;
      return /[1-9]/.test(digits) ? sign + digits : digits;
    }

    function hash(algorithm: 'sha256' | 'md5', value: string): string {
      return createHash(algorithm).update(value).digest('hex');
    }
    "
  `);
});

const ODD_TEXT = fc.string({
  unit: fc.constantFrom('$', '$$', '{', '}', '`', '\\', '*/', "'", 'a', ':', 'ä', '😀', '\u2028'),
});

test('the text of a template comes out as the daemon has it', async () => {
  await fc.assert(
    fc.asyncProperty(ODD_TEXT, ODD_TEXT, fc.string({ unit: 'grapheme' }), async (before, after, value) => {
      const source = `k${escapeDollars(before)}\${id}${escapeDollars(after)}`;
      const rules = rulesOf(rule('product', [source]));
      const keys = await loadKeys(renderKeys(rules, UNTYPED));
      expect(keys['product']?.({ id: value })).toBe(daemonKey(rules, value));
    }),
    { numRuns: 100 },
  );
});

test.each(FILTER_NAMES)('%s does what it does in the daemon', async (filter) => {
  const rules = rulesOf(rule('product', [`k:\${id|${filter}}`]));
  const build = (await loadKeys(renderKeys(rules, UNTYPED)))['product'];
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      expect(build?.({ id: value })).toBe(daemonKey(rules, value));
    }),
    { examples: [['İıßẞΣς'], ['\u00a0 a\u3000'], ["a b+c%'()*~"], ['']] },
  );
});

/** As a template writes a literal $. */
function escapeDollars(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function daemonKey([only]: readonly Rule[], value: string): string | null | undefined {
  const [template] = only?.keys ?? [];
  if (template === undefined) throw new Error('no template');
  const columns = [{ name: 'id', typeOid: 25, inIdentity: true }];
  return compileTemplate(template, { oid: 1, schema: 'a', name: 'b', identity: 'default', columns })([value]);
}

describe('what cannot be right is refused:', () => {
  test.each([
    ['int8', 'bigint', 2 ** 53],
    ['int8', 'bigint', 1.5],
    ['int8', 'bigint', '07'],
    ['int8', 'bigint', '+7'],
    ['int8', 'bigint', '1e3'],
    ['int8', 'bigint', ''],
    ['int8', 'bigint', null],
    ['text', 'text', undefined],
    ['text', 'text', 7],
    ['bool', 'boolean', 'true'],
    ['uuid', 'uuid', 'a0eebc999c0b4ef8bb6d6bb9bd380a11'],
    ['bytea', 'bytea', '00ff'],
    ['numeric', 'numeric', 9.5],
    ['numeric', 'numeric', '1e3'],
    ['numeric', 'numeric', '.5'],
    ['numeric', 'numeric(10,2)', '9.505'],
    ['bpchar', 'character(2)', 'abc'],
    ['date', 'date', '31.01.2026'],
    ['date', 'date', '2026-01-31T00:00:00Z'],
    ['time', 'time without time zone', '18:30'],
    ['timestamp', 'timestamp without time zone', '2026-01-02 03:04:05+00'],
    ['timestamptz', 'timestamp with time zone', '2026-01-02 03:04:05'],
    ['timestamptz', 'timestamp with time zone', '2026-13-02 03:04:05Z'],
    ['timestamptz', 'timestamp with time zone', '1800-01-01 00:00:00+05:53:28'],
    ['timestamptz', 'timestamp with time zone', '0001-01-01 00:00:00+02'],
    ['timestamptz', 'timestamp with time zone', new Date()],
    ['timestamptz', 'timestamp(3) with time zone', new Date(Number.NaN)],
  ])('%s (%s) of %j', async (type, sqlType, value) => {
    const keys = await loadKeys(
      renderKeys(rulesOf(rule('product', ['product:${id}'])), () => ({ type, sqlType })),
    );
    expect(() => keys['product']?.({ id: value })).toThrow();
  });
});

test('rules whose names would be one keep their own', async () => {
  const rules = rulesOf(rule('a-1', ['a:${id}']), rule('a1', ['b:${id}']));
  expect(Object.keys(await loadKeys(renderKeys(rules, UNTYPED)))).toEqual(['a-1', 'a1']);
});
