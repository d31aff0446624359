import { describe, expect, test } from 'vitest';
import { loadRules, parseRules } from '../../../src/config/load-rules.ts';
import { problemsOf } from './problems-of.ts';
import { TemporaryFolder } from './temporary-folder.ts';

function ruleYaml(spec: string, name = 'product'): string {
  return `apiVersion: freshet.dev/v1\nkind: CacheRule\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
}

const PRODUCT = '{table: public.products, keys: ["product:${id}"]}';

function problemsIn(yaml: string): string {
  return problemsOf(() => parseRules(yaml, 'rules.yaml'));
}

test('a rule, as small as it can be', () => {
  const [rule] = parseRules(ruleYaml(PRODUCT), 'rules.yaml');
  expect(rule).toEqual({
    name: 'product',
    table: { schema: 'public', name: 'products' },
    on: new Set(['insert', 'update', 'delete', 'truncate']),
    keys: [
      {
        source: 'product:${id}',
        parts: [
          { kind: 'literal', text: 'product:' },
          { kind: 'column', column: 'id', filters: [] },
        ],
        columns: ['id'],
      },
    ],
    fanOuts: [],
    action: { kind: 'delete' },
    when: undefined,
    mode: 'live',
    ignore: { origins: [], labels: [] },
    massChange: Number.POSITIVE_INFINITY,
    where: 'rules.yaml:1:1',
    at: expect.any(Function),
    columnAt: expect.any(Function),
  });
});

test('a rule with everything that it can say', () => {
  const [rule] = parseRules(
    `# the shop
apiVersion: freshet.dev/v1
kind: CacheRule
metadata:
  name: shop-item
  labels: {team: shop}
  annotations: {docs: https://wiki/items}
spec:
  table: '"Shop"."Item"'
  keys:
    - '{item:\${"Item Id"}}:card'
    - catalog:\${category|lower|urlencode}
  on: [update, delete]
  delete: {}
`,
    'rules.yaml',
  );
  expect(rule).toMatchObject({
    name: 'shop-item',
    table: { schema: 'Shop', name: 'Item' },
    on: new Set(['update', 'delete']),
    keys: [{ columns: ['Item Id'] }, { columns: ['category'] }],
    where: 'rules.yaml:2:1',
  });
});

function actionOf(action: string): unknown {
  return parseRules(ruleYaml(`{table: a.b, keys: ["x:\${id}"], ${action}}`), 'rules.yaml')[0]?.action;
}

test('each action with all that it can say', () => {
  expect(actionOf('set: {ttl: 90s}')).toEqual({
    kind: 'set',
    columns: undefined,
    template: undefined,
    expiry: { ttlMs: 90_000, jitter: 0.1 },
  });
  expect(actionOf(`set: {ttl: 1500ms, jitter: 0, columns: [Price, '"Unit Price"']}`)).toMatchObject({
    columns: ['price', 'Unit Price'],
    expiry: { ttlMs: 1_500, jitter: 0 },
  });
  // A value may be a column alone, and of several lines: it is no key.
  expect(actionOf(`set: {ttl: 1h, jitter: 50%, template: "\${Price}\\n\${note|trim}"}`)).toMatchObject({
    template: { columns: ['price', 'note'] },
    expiry: { jitter: 0.5 },
  });
  expect(actionOf('set: {ttl: 7d}')).toMatchObject({ expiry: { ttlMs: 604_800_000 } });
  expect(actionOf('set: {ttl: 1h, format: freshet}')).toMatchObject({ kind: 'set', asEntry: true });
  expect(actionOf('refresh: {ttl: 1h, query: SELECT 1, as: rows, format: freshet}')).toEqual({
    kind: 'refresh',
    query: expect.objectContaining({ source: 'SELECT 1' }),
    as: 'rows',
    always: false,
    expiry: { ttlMs: 3_600_000, jitter: 0.1 },
    asEntry: true,
  });
  expect(actionOf('refresh: {ttl: 1h, query: SELECT 1, template: "${Name}: ${price|trim}"}')).toMatchObject({
    as: { template: { columns: ['name', 'price'] } },
  });
  expect(actionOf('refresh: {ttl: 1h, query: SELECT 1, format: plain}')).not.toHaveProperty('asEntry');
  expect(actionOf('stale: {serveFor: 1500ms}')).toEqual({ kind: 'stale', serveMs: 1_500 });
  expect(actionOf('legacy: {fillGrace: 5s}')).toEqual({ kind: 'delete', fillGraceMs: 5_000 });
  expect(actionOf('delete: {}, legacy: {}')).toEqual({ kind: 'delete', fillGraceMs: 2_000 });
  expect(actionOf('hash: {ttl: 3600000ms, jitter: 0.25, columns: [id], nulls: empty}')).toEqual({
    kind: 'hash',
    columns: ['id'],
    nulls: 'empty',
    expiry: { ttlMs: 3_600_000, jitter: 0.25 },
  });
  expect(actionOf('hash: {ttl: 1h}')).toMatchObject({ nulls: 'remove' });
  expect(actionOf('sortedSet: {member: "${id}", score: Points, ttl: 1h}')).toEqual({
    kind: 'sortedSet',
    member: expect.objectContaining({ columns: ['id'] }),
    score: 'points',
    always: false,
    expiry: { ttlMs: 3_600_000, jitter: 0.1 },
  });
  expect(actionOf('counter: {count: {}, ttl: 1h}')).toEqual({
    kind: 'counter',
    sum: undefined,
    always: false,
    expiry: { ttlMs: 3_600_000, jitter: 0.1 },
  });
  expect(actionOf(`counter: {sum: '"Unit Price"', ttl: 1h, always: true}`)).toMatchObject({
    sum: 'Unit Price',
    always: true,
  });
  expect(actionOf('publish: {channel: changes}')).toEqual({
    kind: 'publish',
    to: 'channel',
    name: 'changes',
  });
  expect(actionOf('publish: {stream: log}')).toEqual({
    kind: 'publish',
    to: 'stream',
    name: 'log',
    maxLength: 10_000,
  });
  expect(actionOf('publish: {stream: log, maxLength: 5}')).toMatchObject({ maxLength: 5 });
  expect(actionOf('purgeTag: {}')).toEqual({ kind: 'purgeTag' });
  expect(actionOf('purgePattern: {}')).toEqual({ kind: 'purgePattern' });
  expect(actionOf('delete: {}')).toEqual({ kind: 'delete' });
});

test('several documents to a file, empty ones left out, and several files', () => {
  using folder = new TemporaryFolder({
    'a.yaml': `---\n${ruleYaml(PRODUCT, 'one')}---\n# nothing\n---\n${ruleYaml(PRODUCT, 'two')}---\n`,
    'b.yaml': ruleYaml(PRODUCT, 'three'),
  });
  const rules = loadRules([folder.file('a.yaml'), folder.file('b.yaml')]);
  expect(rules.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
  expect(rules[1]?.where).toBe(`${folder.file('a.yaml')}:9:1`);
});

test('rules are frozen', () => {
  const rules = parseRules(ruleYaml(PRODUCT), 'rules.yaml');
  expect([rules, rules[0], rules[0]?.keys, rules[0]?.table].every(Object.isFrozen)).toBe(true);
});

describe('what a user reads', () => {
  test('typos, all at once', () => {
    const yaml = `apiVersion: freshet.io/v1
kind: CacheRul
metadata: {name: Product, lable: x}
spec:
  tabel: public.products
  keys:
    - product:\${id
    - 'user:\${email|lowr}'
    - \${id}
    - product: \${id}
    - "a:\\x41:\${Item Id}"
    - 5
  on: [insert, updates]
`;
    expect(problemsIn(yaml)).toMatchInlineSnapshot(`
      "rules.yaml:1:13: apiVersion: expected freshet.dev/v1, got "freshet.io/v1"
          did you mean freshet.dev/v1?
      rules.yaml:2:7: kind: expected CacheRule, got "CacheRul"
          did you mean CacheRule?
      rules.yaml:3:18: metadata.name: expected 1 to 63 lower-case letters, digits and inner hyphens, got "Product"
      rules.yaml:3:27: metadata.lable: unknown field
          did you mean labels?
      rules.yaml:4:1: spec.table: missing; expected a table as in SQL, such as public.products
      rules.yaml:5:3: spec.tabel: unknown field
          did you mean table?
      rules.yaml:7:15: spec.keys[0]: a \${ that is never closed
          close it with }; $$ is a literal $
      rules.yaml:8:21: spec.keys[1]: unknown filter lowr
          did you mean lower?
      rules.yaml:9:7: spec.keys[2]: \${id} has no text of its own, so a TRUNCATE would purge every key
          begin it with the kind of key, such as product:\${id}
      rules.yaml:10:7: spec.keys[3]: expected a key template such as product:\${id}, or a map with each and key, got a map
          YAML makes a map of a colon with a space after it: put the template in quotes
      rules.yaml:11:7: spec.keys[4]: unexpected "I" in a column
          after a column comes } or | and a filter; a column's name in quotes: \${"Item Id"}
      rules.yaml:12:7: spec.keys[5]: expected a key template such as product:\${id}, or a map with each and key, got the number 5
      rules.yaml:13:16: spec.on[1]: expected insert, update, delete, truncate, got "updates"
          did you mean update?"
    `);
  });

  test('what is missing or of the wrong kind', () => {
    expect(
      problemsIn('kind: CacheRule\nmetadata:\nspec: {keys: product, on: truncate}'),
    ).toMatchInlineSnapshot(`
      "rules.yaml:1:1: apiVersion: missing; expected freshet.dev/v1
      rules.yaml:2:10: metadata: expected a map with name, got nothing
      rules.yaml:3:1: spec.table: missing; expected a table as in SQL, such as public.products
      rules.yaml:3:14: spec.keys: expected a list of key templates such as product:\${id}, got "product"
      rules.yaml:3:27: spec.on: expected a list of insert, update, delete, truncate, got "truncate""
    `);
    expect(problemsIn(ruleYaml('{table: products, keys: [], on: []}'))).toMatchInlineSnapshot(`
      "rules.yaml:4:15: spec.table: products has no schema
          write public.products
      rules.yaml:4:31: spec.keys: expected at least one key template, got an empty list
      rules.yaml:4:39: spec.on: expected at least one kind of change; without \`on\` it is all of them, got an empty list"
    `);
    expect(problemsIn('hello')).toMatchInlineSnapshot(
      `"rules.yaml:1:1: expected a map with apiVersion, kind, metadata and spec, got "hello""`,
    );
  });

  test('two actions, and an action with a field that it does not have', () => {
    const rules = [
      '{table: a.b, keys: [x], delete: {}, stale: {serveFor: 30s}}',
      '{table: a.b, keys: [x], set: {ttl: 1h}, hash: {ttl: 1h}, delete: {}}',
      '{table: a.b, keys: [x], delete: {ttl: 1}}',
      '{table: a.b, keys: [x], purgeTag: {keys: [y]}}',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:50: spec.stale: a rule has exactly one action, not delete and stale
      rules.yaml:9:36: spec.set: a rule has exactly one action, not delete and set and hash
      rules.yaml:14:40: spec.delete.ttl: unknown field
      rules.yaml:19:42: spec.purgeTag.keys: unknown field"
    `);
  });

  test('what readers with leases cannot be promised, and those without', () => {
    const rules = [
      '{table: a.b, keys: [x], stale: {}}',
      '{table: a.b, keys: [x], stale: 30s}',
      '{table: a.b, keys: [x], stale: {serveFor: 0, ttl: 1h}}',
      '{table: a.b, keys: [x], stale: {serveFor: 2 days}}',
      '{table: a.b, keys: [x], set: {ttl: 1h, format: json}}',
      '{table: a.b, keys: [x], hash: {ttl: 1h, format: freshet}}',
      '{table: a.b, keys: [x], refresh: {ttl: 1h, query: SELECT 1, as: hash, format: freshet}}',
      '{table: a.b, keys: [x], stale: {serveFor: 30s}, legacy: {}}',
      '{table: a.b, keys: [x], set: {ttl: 1h}, legacy: {fillGrace: 10m}}',
      '{table: a.b, keys: [x], legacy: 2s}',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:31: spec.stale.serveFor: missing; an old value is served for a while, not for ever: expected a duration such as 200ms, 10s, 5m or 1d, from 1ms to 24h
      rules.yaml:9:38: spec.stale: expected a map with serveFor, got "30s"
      rules.yaml:14:49: spec.stale.serveFor: expected a duration such as 200ms, 10s, 5m or 1d, from 1ms to 24h, got the number 0
      rules.yaml:14:52: spec.stale.ttl: unknown field
          known here: serveFor
      rules.yaml:19:49: spec.stale.serveFor: expected a duration such as 200ms, 10s, 5m or 1d, from 1ms to 24h, got "2 days"
      rules.yaml:24:54: spec.set.format: expected plain or freshet, got "json"
      rules.yaml:29:47: spec.hash.format: unknown field
          known here: ttl, jitter, columns, nulls
      rules.yaml:34:40: spec.refresh: has as: hash and format: freshet; an entry holds one value: json, rows or string
      rules.yaml:39:63: spec.legacy: goes with delete alone, not with stale: it deletes a key once more
      rules.yaml:44:67: spec.legacy.fillGrace: expected a duration such as 200ms, 10s, 5m or 1d, from 100ms to 1m, got "10m"
      rules.yaml:49:39: spec.legacy: expected a map with fillGrace, got "2s""
    `);
  });

  test('values of a query in two forms, or in none', () => {
    const rules = [
      '{table: a.b, keys: [x], refresh: {ttl: 1h, query: SELECT 1, as: rows, template: "${id}"}}',
      '{table: a.b, keys: [x], refresh: {ttl: 1h, query: SELECT 1, template: "$id"}}',
      '{table: a.b, keys: [x], refresh: {ttl: 1h, query: SELECT 1, template: "${id|lowr}"}}',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:40: spec.refresh: has as and template; a value is either of them
      rules.yaml:9:40: spec.refresh: has a template without a column: every value would be the same
      rules.yaml:14:83: spec.refresh.template: unknown filter lowr
          did you mean lower?"
    `);
  });

  test('sets and counters that cannot be', () => {
    const rules = [
      '{table: a.b, keys: [x], sortedSet: {member: x, score: "a b", ttl: 1h}}',
      '{table: a.b, keys: [x], sortedSet: {ttl: 1h}}',
      '{table: a.b, keys: ["x:${a|lower}"], sortedSet: {member: "${id}", score: a, ttl: 1h, always: true}}',
      '{table: a.b, keys: ["x:${a}", "x:${b|lower}"], counter: {count: {}, ttl: 1h}}',
      '{table: a.b, keys: [x], counter: {count: {}, sum: a, ttl: 1h}}',
      '{table: a.b, keys: [x], counter: {ttl: 1h}}',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:51: spec.sortedSet.member: a member without a column
          every row would be the same: write \${id}
      rules.yaml:4:63: spec.sortedSet.score: not a column name: "a b"
          write it as in SQL: price, or "Unit Price" with quotes where SQL needs them
      rules.yaml:9:31: spec.sortedSet.member: missing; expected a member such as \${id}
      rules.yaml:9:31: spec.sortedSet.score: missing; expected a column
      rules.yaml:14:55: spec.sortedSet: \`always\` reads the rows of a key by its columns, which a filter changes: x:\${a|lower}
          leave the filter out, or use refresh with a query of your own
      rules.yaml:19:63: spec.counter: a counter reads the rows of a key by its columns, which a filter changes: x:\${b|lower}
          leave the filter out, or use refresh with a query of your own
      rules.yaml:24:40: spec.counter: expected either count: {} or sum
      rules.yaml:29:40: spec.counter: expected either count: {} or sum"
    `);
  });

  test('a query that no key could be verified by', () => {
    const rules = [
      '{table: a.b, keys: ["x:${id}"], verify: {query: "SELECT 1 WHERE ${id} = ${idd}"}}',
      '{table: a.b, keys: ["x:${id}", {each: "SELECT 1 AS n", key: "y:${n}"}], verify: {query: "SELECT ${id}, ${n}"}}',
      '{table: a.b, keys: [x], verify: {query: "SELECT ${id}"}}',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:79: spec.verify.query: no key holds the column idd, so that none could be proved
          did you mean id?
      rules.yaml:9:96: spec.verify.query: no key holds id, n together, so that none could be proved
          bind the columns of one key; the others are then not verified
      rules.yaml:14:55: spec.verify.query: no key holds the column id, so that none could be proved
          put the column into the key"
    `);
    const bound = '{table: a.b, keys: ["x:${id}", "y:${slug}"], verify: {query: "SELECT ${slug}"}}';
    expect(parseRules(ruleYaml(bound), 'rules.yaml')).toHaveLength(1);
  });

  test('durations without a unit, which is seconds in Redis and milliseconds elsewhere', () => {
    const rules = [
      '{table: a.b, keys: [x], refresh: {ttl: 3600, query: SELECT 1}}',
      '{table: a.b, keys: [x], set: {ttl: "3600"}}',
      '{table: a.b, keys: [x], stale: {serveFor: 30}}',
      '{table: a.b, keys: [x], legacy: {fillGrace: 2000}}',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:46: spec.refresh.ttl: expected a unit, 3600s or 3600ms, for a bare number could be either, got the number 3600
      rules.yaml:9:43: spec.set.ttl: expected a unit, 3600s or 3600ms, for a bare number could be either, got "3600"
      rules.yaml:14:49: spec.stale.serveFor: expected a unit, 30s or 30ms, for a bare number could be either, got the number 30
      rules.yaml:19:51: spec.legacy.fillGrace: expected a unit, 2000s or 2000ms, for a bare number could be either, got the number 2000"
    `);
  });

  test('values without an end, or with one that is none', () => {
    const rules = [
      '{table: a.b, keys: [x], set: {}}',
      '{table: a.b, keys: [x], hash: {columns: [id]}}',
      '{table: a.b, keys: [x], set: {ttl: 7w}}',
      '{table: a.b, keys: [x], set: {ttl: 0}}',
      '{table: a.b, keys: [x], set: {ttl: 1000h}}',
      '{table: a.b, keys: [x], set: {ttl: yes}}',
      '{table: a.b, keys: [x], set: {ttl: true, jitter: 60%}}',
      '{table: a.b, keys: [x], set: {ttl: 1h, jitter: 10}}',
      '{table: a.b, keys: [x], set: {ttl: 1h, jitter: ten}}',
      '{table: a.b, keys: [x], set: 1h}',
      '{table: a.b, keys: [x], set: }',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:31: spec.set.ttl: missing; every key that Freshet writes has a TTL: expected a duration such as 200ms, 10s, 5m or 1d, from 1s to 30d
      rules.yaml:9:31: spec.hash.ttl: missing; every key that Freshet writes has a TTL: expected a duration such as 200ms, 10s, 5m or 1d, from 1s to 30d
      rules.yaml:14:42: spec.set.ttl: expected a duration such as 200ms, 10s, 5m or 1d, from 1s to 30d, got "7w"
          units are ms, s, m, h, d
      rules.yaml:19:42: spec.set.ttl: expected a duration such as 200ms, 10s, 5m or 1d, from 1s to 30d, got the number 0
      rules.yaml:24:42: spec.set.ttl: expected a duration such as 200ms, 10s, 5m or 1d, from 1s to 30d, got "1000h"
      rules.yaml:29:42: spec.set.ttl: expected a duration such as 200ms, 10s, 5m or 1d, from 1s to 30d, got "yes"
      rules.yaml:34:42: spec.set.ttl: expected a duration such as 200ms, 10s, 5m or 1d, from 1s to 30d, got true
      rules.yaml:34:56: spec.set.jitter: expected a share of 0 to 50%, such as 10%, got "60%"
      rules.yaml:39:54: spec.set.jitter: expected a share of 0 to 50%, such as 10%, got the number 10
          for a percentage write the sign, as in 10%
      rules.yaml:44:54: spec.set.jitter: expected a share of 0 to 50%, such as 10%, got "ten"
      rules.yaml:49:36: spec.set: expected a map with ttl, got "1h"
      rules.yaml:54:36: spec.set: expected a map with ttl, got nothing"
    `);
  });

  test('values that contradict themselves, or are none', () => {
    const rules = [
      "{table: a.b, keys: [x], set: {ttl: 1h, columns: [id], template: '${id}'}}",
      '{table: a.b, keys: [x], set: {ttl: 1h, columns: []}}',
      '{table: a.b, keys: [x], set: {ttl: 1h, columns: [id, Unit Price, "${id}"]}}',
      '{table: a.b, keys: [x], set: {ttl: 1h, columns: id}}',
      "{table: a.b, keys: [x], set: {ttl: 1h, template: '${id'}}",
      '{table: a.b, keys: [x], hash: {ttl: 1h, nulls: keep, colums: [id]}}',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:36: spec.set: has columns and template; a value is either of them
      rules.yaml:9:55: spec.set.columns: expected at least one column; without \`columns\` it is all of them, got an empty list
      rules.yaml:14:64: spec.set.columns[1]: not a column name: "Unit Price"
          write it as in SQL: price, or "Unit Price" with quotes where SQL needs them
      rules.yaml:14:73: spec.set.columns[2]: not a column name: "\${id}"
          write it as in SQL: price, or "Unit Price" with quotes where SQL needs them
      rules.yaml:19:55: spec.set.columns: expected a list of columns, got "id"
      rules.yaml:24:57: spec.set.template: a \${ that is never closed
          close it with }; $$ is a literal $
      rules.yaml:29:54: spec.hash.nulls: expected remove or empty, got "keep"
      rules.yaml:29:60: spec.hash.colums: unknown field
          did you mean columns?"
    `);
  });

  test('messages without a destination, or with two', () => {
    const rules = [
      '{table: a.b, keys: [x], publish: {}}',
      '{table: a.b, keys: [x], publish: {channel: a, stream: b}}',
      '{table: a.b, keys: [x], publish: {channel: a, maxLength: 5}}',
      '{table: a.b, keys: [x], publish: {stream: a, maxLength: 0}}',
      "{table: a.b, keys: [x], publish: {stream: ''}}",
      '{table: a.b, keys: [x], publish: changes}',
    ];
    expect(
      problemsIn(rules.map((rule, index) => ruleYaml(rule, `rule-${index}`)).join('---\n')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:40: spec.publish: expected either channel or stream
      rules.yaml:9:40: spec.publish: expected either channel or stream
      rules.yaml:14:40: spec.publish: has maxLength, which only a stream has
      rules.yaml:19:63: spec.publish.maxLength: expected at least 1 entry, got the number 0
      rules.yaml:24:49: spec.publish.stream: expected the name of a stream, got ""
      rules.yaml:29:40: spec.publish: expected a map with channel or stream, got "changes""
    `);
  });

  test('names that YAML reads before SQL or a template does', () => {
    expect(problemsIn(ruleYaml('\n  table: "Shop"."Item"\n  keys: [x]'))).toMatchInlineSnapshot(`
      "rules.yaml:5:16: YAML: Unexpected scalar at node end
          put the whole name in single quotes: table: '"Shop"."Item"'"
    `);
    expect(
      problemsIn(ruleYaml('\n  table: a.b\n  keys:\n    - {user:${id}}:profile')),
    ).toMatchInlineSnapshot(`
      "rules.yaml:7:14: YAML: Missing , or : between flow map items
          put a template that begins with { or stands inside [ ] in quotes: '{user:\${id}}:profile'"
    `);
    expect(problemsIn(ruleYaml('\n  table: a.b\n  keys: [product:${id}]'))).toMatchInlineSnapshot(`
      "rules.yaml:6:19: YAML: Missing , or : between flow sequence items
          put a template that begins with { or stands inside [ ] in quotes: '{user:\${id}}:profile'"
    `);
  });

  test('a position inside a string that YAML changed is that of the string', () => {
    expect(problemsIn(ruleYaml('{table: a.b, keys: ["\\x41:${id|lowr}"]}'))).toMatch(/^rules\.yaml:4:27: /);
    expect(problemsIn(ruleYaml('{table: a.b, keys: ["A:${id|lowr}"]}'))).toMatch(/^rules\.yaml:4:35: /);
  });

  test('problems of all files, a name used twice among them', () => {
    using folder = new TemporaryFolder({
      'a.yaml': ruleYaml(PRODUCT),
      'b.yaml': ruleYaml('{table: public.products, keys: [x], onn: [insert]}'),
    });
    const files = ['a.yaml', 'b.yaml', 'c.yaml'].map((name) => folder.file(name));
    expect(problemsOf(() => loadRules(files), `${folder.path}/`)).toMatchInlineSnapshot(`
      "b.yaml:3:18: metadata.name: product is already used at a.yaml:3:18
      b.yaml:4:43: spec.onn: unknown field
          did you mean on?
      c.yaml: cannot be read: no such file or directory"
    `);
  });

  test('a key written twice', () => {
    expect(problemsIn(ruleYaml('{table: a.b, keys: [x], keys: [y]}'))).toMatchInlineSnapshot(
      `"rules.yaml:4:31: keys: written twice in one map"`,
    );
  });

  test('files without any rule', () => {
    expect(problemsIn('# - product\n')).toMatchInlineSnapshot(`
      "rules.yaml: holds no rule
          a rule document begins with apiVersion: freshet.dev/v1 and kind: CacheRule"
    `);
  });
});
