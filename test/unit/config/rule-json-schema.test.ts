import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readYaml } from '../../../src/config/read-yaml.ts';
import { renderRuleJsonSchema } from '../../../src/config/rule-json-schema.ts';
import { ruleDocumentSchema } from '../../../src/config/rule-schema.ts';
import { jsonSchemaProblems } from './json-schema-problems.ts';

const ROOT = join(import.meta.dirname, '../../..');
const schema: Readonly<Record<string, unknown>> = JSON.parse(renderRuleJsonSchema());

test('the schema file is what `node src/config/write-reference.ts` writes now', () => {
  const file = readFileSync(join(ROOT, 'deploy/schema/cache-rule.schema.json'), 'utf8');
  expect(file).toBe(renderRuleJsonSchema());
});

test('every field of a rule says what it is', () => {
  const described = z.record(z.string(), z.object({ description: z.string().min(10) }));
  const { properties } = z
    .object({ properties: z.object({ spec: z.object({ properties: described }) }) })
    .parse(schema);
  const names = Object.keys(properties.spec.properties);
  expect(names).toEqual(expect.arrayContaining(['table', 'keys', 'when', 'refresh', 'massChange']));
});

const RULE_FILES = [
  ...filesIn('test/scenarios', /\.yaml$/),
  'test/demo/rules.yaml',
  'deploy/compose/freshet/rules/shop.yaml',
];

describe.each(RULE_FILES)('%s', (file) => {
  const { documents } = readYaml(readFileSync(join(ROOT, file), 'utf8'), file);
  const rules = documents.filter(({ value }) => isRule(value));

  test('passes the schema', () => {
    expect(rules.length).toBeGreaterThan(0);
    for (const { value } of rules) expect(jsonSchemaProblems(schema, value)).toEqual([]);
  });
});

const FAN_OUT = { each: ' with a AS (SELECT 1) SELECT id FROM a', key: 'post:${id}', maxRows: 5 };
const GOOD = { table: 'public.products', keys: ['product:${id}'] };

test.each([
  [{ ...GOOD, table: '"Shop"."It""em"' }],
  [{ ...GOOD, table: 'größen.farben_2$' }],
  [{ ...GOOD, keys: ['{user:${ id | lower|md5 }}:$$${"Item ""Id"""}$', 'homepage', 'ä:${straße}'] }],
  [
    {
      ...GOOD,
      keys: [{ each: ' with a AS (SELECT 1) SELECT id FROM a', key: 'post:${id}', maxRows: 5 }],
      publish: { channel: 'c' },
    },
  ],
  [{ ...GOOD, set: { ttl: '7d', jitter: '10%', columns: ['id', '"Unit Price"'] } }],
  [{ ...GOOD, set: { ttl: '1000ms', jitter: 0.1, template: '${price}' } }],
  [
    {
      ...GOOD,
      hash: { ttl: '1h', nulls: 'empty' },
      when: "changed('price')",
      mode: 'shadow',
      on: ['insert'],
    },
  ],
  [
    {
      ...GOOD,
      refresh: { ttl: '1h', query: 'select 1', as: 'hash', always: true },
      massChange: { over: 5, then: 'purge' },
    },
  ],
  [{ ...GOOD, keys: [FAN_OUT], stale: { serveFor: '30s' } }],
  [{ ...GOOD, set: { ttl: '1h', format: 'freshet' } }],
  [{ ...GOOD, refresh: { ttl: '1h', query: 'select 1', as: 'rows', format: 'freshet' } }],
  [{ ...GOOD, refresh: { ttl: '1h', query: 'select 1', as: 'hash', format: 'plain' } }],
  [{ ...GOOD, refresh: { ttl: '1h', query: 'select 1', template: '${name}: ${price}', format: 'freshet' } }],
  [{ ...GOOD, keys: [FAN_OUT], legacy: { fillGrace: '2s' } }],
  [{ ...GOOD, delete: {}, legacy: {} }],
])('what a rule may say passes: %j', (spec) => {
  const document = ruleWith(spec);
  expect(ruleDocumentSchema.safeParse(document).error?.issues).toBeUndefined();
  expect(jsonSchemaProblems(schema, document)).toEqual([]);
});

test.each([
  ['an unknown field', { ...GOOD, tabel: 'x' }],
  ['no keys', { ...GOOD, keys: [] }],
  ['a table without schema', { ...GOOD, table: 'products' }],
  ['a column that is not closed', { ...GOOD, keys: ['product:${id'] }],
  ['an unknown filter', { ...GOOD, keys: ['product:${id|lowercase}'] }],
  ['an unknown kind of change', { ...GOOD, on: ['upsert'] }],
  ['two actions', { ...GOOD, set: { ttl: '1h' }, hash: { ttl: '1h' } }],
  [
    'a value of columns and of a template',
    { ...GOOD, set: { ttl: '1h', columns: ['id'], template: '${id}' } },
  ],
  ['no ttl', { ...GOOD, set: {} }],
  ['a ttl that is none', { ...GOOD, set: { ttl: '1 hour' } }],
  [
    'two forms of a result',
    { ...GOOD, refresh: { ttl: '1h', query: 'select 1', as: 'json', template: '${a}' } },
  ],
  ['a ttl without a unit', { ...GOOD, set: { ttl: '3600' } }],
  ['a ttl that is a number', { ...GOOD, set: { ttl: 3600 } }],
  ['a statement that is no query', { ...GOOD, refresh: { ttl: '1h', query: 'DELETE FROM products' } }],
  ['keys from a query, without a row to write', { ...GOOD, keys: [FAN_OUT], set: { ttl: '1h' } }],
  [
    'fields in an entry',
    { ...GOOD, refresh: { ttl: '1h', query: 'select 1', as: 'hash', format: 'freshet' } },
  ],
  ['an old value for ever', { ...GOOD, stale: {} }],
  ['a second delete without a first', { ...GOOD, stale: { serveFor: '30s' }, legacy: {} }],
  ['a channel and a stream', { ...GOOD, publish: { channel: 'a', stream: 'b' } }],
  ['a channel with a length', { ...GOOD, publish: { channel: 'a', maxLength: 5 } }],
])('what no rule may say is stopped by both: %s', (_what, spec) => {
  expect(ruleDocumentSchema.safeParse(ruleWith(spec)).success).toBe(false);
  expect(jsonSchemaProblems(schema, ruleWith(spec))).not.toEqual([]);
});

function ruleWith(spec: object): object {
  return { apiVersion: 'freshet.dev/v1', kind: 'CacheRule', metadata: { name: 'product' }, spec };
}

function isRule(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'CacheRule';
}

function filesIn(folder: string, pattern: RegExp): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);
}
