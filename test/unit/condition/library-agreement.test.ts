import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { insert, type TypeName, tableOf, verdictOf } from './on-table.ts';

/**
 * Comparisons of columns do not ask the library; inside a list they do. Both must say the same of every pair. Doubles
 * stay out where an int meets them: the library compares such a pair through a double, Freshet exactly.
 */
const VALUES: Readonly<Partial<Record<TypeName, fc.Arbitrary<string | null>>>> = {
  int8: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
  int4: fc.option(fc.integer({ min: -2, max: 2 }).map(String)),
  float8: fc.option(fc.oneof(fc.double(), fc.constantFrom(0, 1.5)).map(String)),
  text: fc.option(fc.oneof(fc.string(), fc.constantFrom('a', 'b'))),
  bpchar: fc.option(fc.constantFrom('a  ', 'a', 'b ')),
  uuid: fc.option(fc.uuid()),
  bool: fc.option(fc.constantFrom('t', 'f')),
  timestamptz: fc.option(
    fc
      .date({
        min: new Date('0001-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59Z'),
        noInvalidDate: true,
      })
      .map((date) => date.toISOString().replace('T', ' ').replace('Z', '123+00')),
  ),
};

it.each(Object.entries(VALUES))('compares %s as the library does', (type, values) => {
  const table = tableOf({ a: type as TypeName, b: type as TypeName });
  const comparison = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
  fc.assert(
    fc.property(values, values, comparison, (a, b, operator) => {
      const change = insert([a, b], table);
      const own = verdictOf(`row.a ${operator} row.b`, change);
      expect(verdictOf(`[row.a][0] ${operator} [row.b][0]`, change)).toBe(own);
      if (operator === '==')
        expect(verdictOf('[row.a][0] in [row.b]', change)).toBe(verdictOf('row.a in [row.b]', change));
    }),
    { numRuns: 300 },
  );
});

it('decides every combination of true, false and unknown as the library does', () => {
  const table = tableOf({ a: 'bool', b: 'bool', c: 'bool' });
  const value = fc.constantFrom('t', 'f', null);
  const { condition } = fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('row.a', 'row.b', 'row.c', 'true'),
      tie('condition').map((inner) => `!(${inner})`),
      fc
        .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
        .map(([l, op, r]) => `(${l}) ${op} (${r})`),
      fc
        .tuple(tie('condition'), tie('condition'), tie('condition'))
        .map(([c, t, f]) => `(${c}) ? (${t}) : (${f})`),
    ),
  }));
  fc.assert(
    fc.property(condition, value, value, value, (source, a, b, c) => {
      const change = insert([a, b, c], table);
      expect(verdictOf(`[${source}][0]`, change)).toBe(verdictOf(source, change));
    }),
    { numRuns: 500 },
  );
});
