import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRow } from '../../../src/explain/parse-row.ts';

test.each([
  ['"Tea"', 'Tea'],
  ['""', ''],
  ['null', null],
  ['7', '7'],
  ['9007199254740993', '9007199254740993'],
  ['2.50', '2.50'],
  ['true', 't'],
  ['false', 'f'],
  ['{"n": 1.0, "on": true, "no": null}', '{"n":1.0,"on":true,"no":null}'],
  ['[1, "a", false]', '[1,"a",false]'],
])('%s is, as Postgres would print it, %j', (json, value) => {
  expect(parseRow(`{"column": ${json}}`, '--new').get('column')).toBe(value);
});

test('columns keep their names, also odd ones', () => {
  expect([...parseRow('{"Item Id": 1, "__proto__": 2, "": 3}', '--new').keys()]).toEqual([
    'Item Id',
    '__proto__',
    '',
  ]);
});

test.each(['', '{', '{id: 7}', '7', 'null', '[]', '"text"'])(
  '%j is refused with the flag and an example',
  (text) => {
    expect(() => parseRow(text, '--old')).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        problems: [expect.objectContaining({ where: '--old', remedy: expect.stringContaining('{"id": 7') })],
      }),
    );
  },
);

test('every text survives', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (row) => {
      expect(Object.fromEntries(parseRow(JSON.stringify(row), '--new'))).toEqual({ ...row });
    }),
  );
});
