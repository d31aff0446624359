import { expect, test } from 'vitest';
import { parseKeyTemplate } from '../../../src/config/parse-key-template.ts';
import { keyPattern } from '../../../src/template/key-pattern.ts';

test.each([
  ['product:${id}', 'product:*'],
  ['{user:${id}}:profile', '{user:*}:profile'],
  ['${tenant|lower}:post:${id}', '*:post:*'],
  ['catalog', 'catalog'],
  ['what?:*[${id}]', 'what\\?:\\*\\[*]'],
  ['back\\slash:${id}', 'back\\\\slash:*'],
  ['price:$${id}:${id}', 'price:${id}:*'],
])('the keys of %s are found with %s', (template, pattern) => {
  expect(keyPattern(parseKeyTemplate(template))).toBe(pattern);
});
