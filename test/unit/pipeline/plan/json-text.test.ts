import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TYPE_OIDS } from '../../../../src/domain/type-oids.ts';
import { jsonText } from '../../../../src/pipeline/plan/json-text.ts';

const TYPES = { ...TYPE_OIDS, money: 790, own: 16_400 } as const;
type TypeName = keyof typeof TYPES;

function json(type: TypeName, value: string | null): string {
  return jsonText(value, { name: 'column', typeOid: TYPES[type], inIdentity: false });
}

test.each<[TypeName, string | null, string]>([
  ['text', null, 'null'],
  ['bool', 't', 'true'],
  ['bool', 'f', 'false'],
  ['bool', null, 'null'],
  ['int8', '9223372036854775807', '9223372036854775807'],
  ['int8', '-9223372036854775808', '-9223372036854775808'],
  ['numeric', '0.00', '0.00'],
  ['numeric', '123456789012345678901234567890.5', '123456789012345678901234567890.5'],
  ['numeric', 'NaN', '"NaN"'],
  ['numeric', 'Infinity', '"Infinity"'],
  ['float8', '1e-07', '1e-07'],
  ['float8', '1e+20', '1e+20'],
  ['float8', '-0', '-0'],
  ['float4', '-Infinity', '"-Infinity"'],
  ['oid', '4294967295', '4294967295'],
  ['money', '$1,000.00', '"$1,000.00"'],
  ['text', '7', '"7"'],
  ['text', 'a "b" \\ \n\t\u0001 \u2028 猫', '"a \\"b\\" \\\\ \\n\\t\\u0001 \u2028 猫"'],
  ['json', ' { "a" : 1.0 } ', ' { "a" : 1.0 } '],
  ['jsonb', 'null', 'null'],
  ['timestamptz', '2026-01-31 10:00:00.5+00', '"2026-01-31 10:00:00.5+00"'],
  ['own', '{1,2}', '"{1,2}"'],
])('%s %s is %s', (type, value, expected) => {
  expect(json(type, value)).toBe(expected);
});

test('whatever the value, it is JSON, and text reads back as it was', () => {
  const names = Object.keys(TYPES) as TypeName[];
  const type = fc.constantFrom(...names.filter((name) => name !== 'json' && name !== 'jsonb'));
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('007', '1.', '.5', '1e', '+1', ''));
  fc.assert(
    fc.property(type, value, (name, text) => {
      const parsed: unknown = JSON.parse(json(name, text));
      if (name === 'text') expect(parsed).toBe(text);
    }),
  );
});
