import { expect, test } from 'vitest';
import { parseKeyTemplate } from '../../../src/config/parse-key-template.ts';
import { nameTemplates } from '../../../src/keys/name-templates.ts';

test.each([
  ['product', ['product:${id}'], ['']],
  ['product', ['anything:${id}'], ['']],
  [
    'product',
    ['product:${id}', 'category:${category_id}:products', 'product:${id}:reviews', 'catalog:homepage'],
    ['', 'categoryProducts', 'reviews', 'catalogHomepage'],
  ],
  ['product-list', ['shop:v1:product-list:${id}', 'shop:v1:product-list:${id}:top-10'], ['', 'top10']],
  [
    'user',
    ['user:${id}', 'user:${email}', 'user:${email|lower|sha256}'],
    ['byId', 'byEmail', 'byEmailLowerSha256'],
  ],
  ['user', ['a:${id}', 'a:${org_id}:${id}', 'b'], ['aById', 'aByOrgIdId', 'b']],
  ['user', ['a:${id}', 'a/${id}', 'a-${id}'], ['aById', 'aById2', 'aById3']],
  ['user', ['{${id}}', '<${id}>', 'user'], ['byId', 'byId2', '']],
  ['user', ['name:${id}', 'length:${id}'], ['nameKey', 'lengthKey']],
  ['user', ['ÄPFEL:${id}', 'x:${"Item Id"}'], ['äPFEL', 'x']],
])('rule %s with %j', (rule, sources, names) => {
  expect(nameTemplates(rule, sources.map(parseKeyTemplate))).toEqual(names);
});

test('another order, or one more key, gives no name another meaning', () => {
  const sources = ['product:${id}', 'list:${id}', 'product:${id}:x'];
  expect(named(sources.toReversed())).toEqual(named(sources));
  expect(named([...sources, 'more:${id}'])).toMatchObject(named(sources));
});

/** The name of each template. */
function named(sources: readonly string[]): Readonly<Record<string, string | undefined>> {
  const names = nameTemplates('product', sources.map(parseKeyTemplate));
  return Object.fromEntries(sources.map((source, index) => [source, names[index]]));
}
