import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ParseError } from '../../../src/config/parse-error.ts';
import { parseSqlTemplate } from '../../../src/config/parse-sql-template.ts';

/** The fault that reading ends with. */
function faultOf(source: string): Pick<ParseError, 'message' | 'offset' | 'remedy'> {
  try {
    parseSqlTemplate(source);
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
  throw new Error(`no fault in ${source}`);
}

describe('parseSqlTemplate', () => {
  test('splits a query at its parameters, each occurrence by itself', () => {
    expect(parseSqlTemplate('SELECT ${a}, x FROM t WHERE y = ${"B c"} AND z = ${A}')).toMatchObject({
      texts: ['SELECT ', ', x FROM t WHERE y = ', ' AND z = ', ''],
      parameters: ['a', 'B c', 'a'],
      columns: ['a', 'B c'],
    });
  });

  test.each([
    ['a string', `SELECT 'it''s 5$; --' FROM t`],
    ['a string with backslashes', String.raw`SELECT E'it\'s ; ' FROM t`],
    [
      'a typed literal that ends like one',
      String.raw`SELECT date'2026-01-01', x FROM t WHERE p = 'C:\' AND 1 = 1`,
    ],
    ['a quoted name', `SELECT "a;$""b" FROM t`],
    ['a dollar-quoted string', `SELECT $$;'$$, $tag$ ; $$ $tag$ FROM t`],
    ['a name with a dollar sign', `SELECT a$b$, c FROM t`],
    ['a comment to the end of the line', `-- ; it's\nSELECT 1 -- ; don't`],
    ['nested comments', `SELECT 1 /* ; /* it's */ $ */ FROM t`],
    [
      'what locks nothing',
      `SELECT substring(a FROM 1 FOR 2), for_update FROM t -- for update\nWHERE x = 'for share'`,
    ],
    ['a parenthesis in front', `(SELECT 1) UNION (SELECT 2)`],
  ])('leaves %s as it is', (_, source) => {
    expect(parseSqlTemplate(source)).toMatchObject({ texts: [source], parameters: [] });
  });

  test('a comment has no parameters', () => {
    const { texts, parameters } = parseSqlTemplate('SELECT 1 /* ${a} */ -- ${b}\n + ${c}');
    expect(parameters).toEqual(['c']);
    expect(texts).toEqual(['SELECT 1 /* ${a} */ -- ${b}\n + ', '']);
  });

  test.each([
    ['UPDATE t SET a = 1', 'not a query', 0],
    ['selection', 'not a query', 0],
    ['SELECT 1; DROP TABLE t', 'more than one statement', 8],
    [`SELECT 'x-\${id}'`, 'a parameter inside quotes', 10],
    ['SELECT $$ ${id} $$', 'a parameter inside quotes', 10],
    ['SELECT "${id}"', 'a parameter inside quotes', 8],
    ['SELECT ${id|lower}', 'a ${ without a column and }', 7],
    ['SELECT ${}', 'a ${ without a column and }', 7],
    ['SELECT ${id', 'a ${ without a column and }', 7],
    ['SELECT $1', 'a $ that is no parameter', 7],
    [`SELECT 'abc`, `a ' that is never closed`, 7],
    ['SELECT "abc', 'a " that is never closed', 7],
    ['SELECT (1', 'a ( that is never closed', 7],
    ['SELECT 1) AS a, (SELECT 2', 'a ) that was never opened', 8],
    ['SELECT 1 /* /* */', 'a comment that is never closed', 9],
    ['SELECT a FROM t WHERE id = ${id} FOR UPDATE', 'FOR UPDATE locks rows of the application', 33],
    [
      'SELECT a FROM (SELECT 1 FROM t for no  key update) x',
      'for no  key update locks rows of the application',
      31,
    ],
    ['SELECT a FROM t FOR KEY SHARE SKIP LOCKED', 'FOR KEY SHARE locks rows of the application', 16],
    ['SELECT a FROM t FOR SHARE OF t', 'FOR SHARE locks rows of the application', 16],
  ])('refuses %s', (source, message, offset) => {
    expect(faultOf(source)).toMatchObject({ message, offset });
  });

  test('nothing but a ParseError for any text, and never a text lost', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '$',
      '${',
      '}',
      '$$',
      '/*',
      '*/',
      '--',
      '\n',
      ';',
      'a',
      ' ',
      '\\',
      'E',
      '(',
      ')',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const source = `SELECT ${pieces.join('')}`;
        try {
          const { texts, parameters } = parseSqlTemplate(source);
          expect(texts).toHaveLength(parameters.length + 1);
          const again = texts.reduce((sql, text, index) => `${sql}\${${parameters[index - 1]}}${text}`);
          expect(again.toLowerCase()).toBe(source.toLowerCase());
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
        }
      }),
    );
  });
});
