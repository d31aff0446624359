import { expect, test } from 'vitest';
import { describeEffect } from '../../../src/explain/describe-effect.ts';

test('a line says what is so, and nothing of what is not', () => {
  const details = { fields: { price: '9.50', name: null }, onlyIfExists: true };
  expect(describeEffect({ word: 'hash', subject: 'product:7', details })).toBe(
    'hash product:7  fields price="9.50" name=null  onlyIfExists',
  );
  const whole = {
    word: 'sortedSet',
    subject: 'board:1',
    details: { members: {}, onlyIfExists: false },
  } as const;
  expect(describeEffect({ ...whole, rules: ['board', 'again'] })).toBe(
    'sortedSet board:1  members  rule board, again',
  );
});

test('a query of several lines is one, and a key that is skipped has its reason', () => {
  const details = { query: 'SELECT *\n  FROM products\n  WHERE id = ${id}\n', with: { id: '7' } };
  expect(describeEffect({ word: 'refresh', subject: 'product:7', details })).toBe(
    'refresh product:7  query SELECT * FROM products WHERE id = ${id}  with id="7"',
  );
  expect(describeEffect({ word: 'skip', subject: 'user:${email}', details: {} }, (text) => `<${text}>`)).toBe(
    'skip <user:${email}>  (a column of it is NULL)',
  );
});
