import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ParseError } from '../../../src/config/parse-error.ts';
import { parseKeyTemplate } from '../../../src/config/parse-key-template.ts';
import { FILTER_NAMES, type TemplatePart } from '../../../src/domain/key-template.ts';
import { quoteIdentifier } from '../../../src/domain/table.ts';

test.each<[string, TemplatePart[]]>([
  ['catalog:homepage', [literal('catalog:homepage')]],
  ['product:${id}', [literal('product:'), column('id')]],
  ['${ Id }:x', [column('id'), literal(':x')]],
  ['u:${email | trim|lower}', [literal('u:'), column('email', 'trim', 'lower')]],
  ['{user:${id}}:profile', [literal('{user:'), column('id'), literal('}:profile')]],
  ['i:${"Item ""}|Id"}', [literal('i:'), column('Item "}|Id')]],
  ['a$b$$c$', [literal('a$b$c$')]],
  ['x:$${id}', [literal('x:${id}')]],
  ['x:$$${id}', [literal('x:$'), column('id')]],
  ['größe:${größe}', [literal('größe:'), column('größe')]],
])('%s', (source, parts) => {
  expect(parseKeyTemplate(source)).toMatchObject({ source, parts });
});

test('columns are listed once, in the order of their first use', () => {
  expect(parseKeyTemplate('x:${b}:${a}:${B|lower}').columns).toEqual(['b', 'a']);
});

test('a parsed template is frozen', () => {
  const { parts, columns } = parseKeyTemplate('x:${id|lower}');
  expect([parts, parts[1], columns].every(Object.isFrozen)).toBe(true);
});

test('whatever the parts, their printed form reads back as them', () => {
  const columnName = fc.string({ minLength: 1, maxLength: 15 }).filter((text) => !text.includes('\0'));
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((each) => !/\p{Cc}/u.test(each));
  const columnPart = fc.tuple(columnName, fc.array(fc.constantFrom(...FILTER_NAMES), { maxLength: 3 }));
  const parts = fc
    .array(
      fc.tuple(
        text.map(literal),
        columnPart.map(([name, filters]) => column(name, ...filters)),
      ),
      { minLength: 1 },
    )
    .map((pairs) => pairs.flat());
  fc.assert(
    fc.property(parts, (expected) => {
      expect(parseKeyTemplate(expected.map(print).join('')).parts).toEqual(expected);
    }),
  );
});

test('any text either parses or is refused with an offset inside it', () => {
  const nearTemplates = fc.stringMatching(/^[a$${}|" ]{0,12}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearTemplates), (source) => {
      try {
        return parseKeyTemplate(source).source === source;
      } catch (error) {
        return error instanceof ParseError && error.offset >= 0 && error.offset <= source.length;
      }
    }),
  );
});

test.each([
  ['', 0, 'an empty key template'],
  ['a:${id', 2, 'a ${ that is never closed'],
  ['a:${', 2, 'a ${ that is never closed'],
  ['a:${id|lower', 2, 'a ${ that is never closed'],
  ['a:${}', 4, 'no column name after ${'],
  ['a:${1}', 4, 'no column name after ${'],
  ['a:${Item Id}', 9, 'unexpected "I" in a column'],
  ['a:${"Item}', 4, 'a " that is never closed'],
  ['a:${""}', 4, 'an empty name'],
  ['a:${id|lowr}', 7, 'unknown filter lowr'],
  ['a:${id|}', 7, 'a filter is missing after |'],
  ['a:${id}\n', 7, 'a line break or control character in a key'],
  ['${id}', 0, '${id} has no text of its own, so a TRUNCATE would purge every key'],
  ['${a}${b}', 0, '${a}${b} has no text of its own, so a TRUNCATE would purge every key'],
])('%j is refused at its character %d', (source, offset, message) => {
  expect(() => parseKeyTemplate(source)).toThrow(
    expect.objectContaining({ name: 'ParseError', offset, message }),
  );
});

function literal(text: string): TemplatePart {
  return { kind: 'literal', text };
}

function column(name: string, ...filters: (typeof FILTER_NAMES)[number][]): TemplatePart {
  return { kind: 'column', column: name, filters };
}

function print(part: TemplatePart): string {
  if (part.kind === 'literal') return part.text.replaceAll('$', '$$$$');
  return `\${${[quoteIdentifier(part.column), ...part.filters].join('|')}}`;
}
