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
    action: { kind: 'delete' },
    where: 'rules.yaml:1:1',
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
      rules.yaml:10:7: spec.keys[3]: expected a key template such as product:\${id}, got a map
          YAML makes a map of a colon with a space after it: put the template in quotes
      rules.yaml:11:7: spec.keys[4]: unexpected "I" in a column
          after a column comes } or | and a filter; a column's name in quotes: \${"Item Id"}
      rules.yaml:12:7: spec.keys[5]: expected a key template such as product:\${id}, got the number 5
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

  test('what later versions will know', () => {
    const yaml = `
  table: public.products
  keys: [{each: SELECT 1, key: x}]
  when: changed('price')
  refresh: {ttl: 1h}`;
    expect(problemsIn(ruleYaml(yaml))).toMatchInlineSnapshot(`
      "rules.yaml:6:10: spec.keys[0]: expected a key template such as product:\${id}, got a map
          keys from a query (each) are not in this version
      rules.yaml:7:3: spec.when: not in this version
      rules.yaml:8:3: spec.refresh: not in this version
          the only action is delete, and a rule without an action deletes"
    `);
  });

  test('two actions, and an action with a field that it does not have', () => {
    const two = '{table: a.b, keys: [x], delete: {}, stale: {}}';
    expect(
      problemsIn(`${ruleYaml(two)}---\n${ruleYaml('{table: a.b, keys: [x], delete: {ttl: 1}}', 'b')}`),
    ).toMatchInlineSnapshot(`
      "rules.yaml:4:43: spec.stale: not in this version; and a rule has exactly one action, not delete and stale
          the only action is delete, and a rule without an action deletes
      rules.yaml:9:40: spec.delete.ttl: unknown field"
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
