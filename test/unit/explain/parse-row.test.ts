import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRow } from '../../../src/explain/parse-row.ts';

/** https://www.postgresql.org/docs/current/catalog-pg-type.html */
const [BOOL, TEXT, NUMERIC, JSONB] = [16, 25, 1700, 3802] as const;

test.each([
  ['"Tea"', 'Tea', TEXT],
  ['""', '', TEXT],
  ['null', null, 0],
  ['7', '7', NUMERIC],
  ['9007199254740993', '9007199254740993', NUMERIC],
  ['2.50', '2.50', NUMERIC],
  ['true', 't', BOOL],
  ['false', 'f', BOOL],
  ['{"n": 1.0, "on": true, "no": null}', '{"n":1.0,"on":true,"no":null}', JSONB],
  ['[1, "a", false]', '[1,"a",false]', JSONB],
])('%s is, as Postgres would print it, %j, in all likelihood of type %i', (json, text, typeOid) => {
  expect(parseRow(`{"column": ${json}}`, '--new').get('column')).toEqual({ text, typeOid });
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
      const texts = [...parseRow(JSON.stringify(row), '--new')].map(([name, { text }]) => [name, text]);
      expect(Object.fromEntries(texts)).toEqual({ ...row });
    }),
  );
});
