import { array, assert, constantFrom, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkTemplates } from '../../../../src/preflight/checks/check-templates.ts';
import { column, rule, ruled } from '../facts.ts';

const COLUMNS = [
  column('t1', 'text'),
  column('t2', 'text'),
  column('n1'),
  column('n2'),
  column('u1', 'uuid'),
];

function codes(key: string): readonly string[] {
  return checkTemplates([ruled([rule([key])], { columns: COLUMNS })]).map(({ code }) => code);
}

describe('checkTemplates', () => {
  test.each([
    'k:${t1}:${t2}',
    'k:${t1}-${t2}',
    'k:${t1}${n1}',
    'k:${n1}${n2}',
    'k:${t1}:${n1}:${t2}',
    'k:${t1|lower}:${t2|trim}',
    'k:${t1|urlencode}-${t2|urlencode}',
  ])('two rows could share a key of %s', (key) => {
    expect(codes(key)).toEqual(['KEY_AMBIGUOUS']);
  });

  test.each([
    'k:${t1}',
    'k:${t1}:${n1}',
    'k:${n1}:${n2}',
    'k:${t1}:${u1}',
    'k:${t1|urlencode}:${t2}',
    'k:${t1}:${t2|urlencode}',
    'k:${t1|sha256}:${t2}',
  ])('no two rows share a key of %s', (key) => {
    expect(codes(key)).toEqual([]);
  });

  test('names the template that mends it', () => {
    const [finding] = checkTemplates([ruled([rule(['k:${t1|lower}:${t2}'])], { columns: COLUMNS })]);
    expect(finding?.message).toContain('write k:${t1|lower|urlencode}:${t2|urlencode}');
    const [survives] = checkTemplates([ruled([rule(['k:${t1}-${t2}'])], { columns: COLUMNS })]);
    expect(survives?.message).toContain('put a separator between them that neither can contain');
  });

  test('a template that is let pass gives different rows different keys', () => {
    const parts = ['${t1}', '${t2}', '${n1}', '${n2}', '${t1|urlencode}', '${t2|urlencode}'];
    const separators = ['', ':', '-', '::', '1', 'a', '/'];
    const template = array(tuple(constantFrom(...separators), constantFrom(...parts)), {
      minLength: 2,
      maxLength: 3,
    })
      .map((pairs) => `k${pairs.flat().join('')}`)
      .filter((key) => codes(key).length === 0);
    assert(
      property(template, (key) => {
        const rows = rowsOf(new Set([...key.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name)));
        expect(new Set(rows.map((row) => render(key, row))).size).toBe(rows.length);
      }),
      { numRuns: 300 },
    );
  });

  test('warns where TRUNCATE would purge keys of others', () => {
    expect(codes('${n1}:post')).toEqual(['KEY_WITHOUT_PREFIX']);
    const quiet = rule(['${n1}:post'], 'insert, update, delete');
    expect(checkTemplates([ruled([quiet], { columns: COLUMNS })])).toEqual([]);
  });
});

describe('checkTemplates of patterns', () => {
  const ALL = 'insert, update, delete, truncate';
  const patternCodes = (key: string): readonly string[] =>
    checkTemplates([ruled([rule([key], ALL, 'pages', 'purgePattern: {}')], { columns: COLUMNS })]).map(
      ({ severity, code }) => `${severity} ${code}`,
    );

  test.each(['*:page:${n1}', '?age:${n1}', '[pq]age:${n1}'])("warns of %s, which may be anybody's", (key) => {
    expect(patternCodes(key)).toEqual(['warning PATTERN_WITHOUT_PREFIX']);
  });

  test.each(['page:*:${n1}', 'page:${n1}:*', '\\*page:${n1}'])('lets %s be', (key) => {
    expect(patternCodes(key)).toEqual([]);
  });

  test('lets such a key be where it is no pattern', () => {
    expect(codes('*:page:${n1}')).toEqual([]);
  });
});

/** Every combination of a few awkward values, for the named columns alone. */
function rowsOf(names: ReadonlySet<string>): readonly Readonly<Record<string, string>>[] {
  const texts = ['', ':', '-', 'a', 'a:', ':a', 'a-', '1', ':1', '1:', 'a:1', '1:a'];
  const numbers = ['1', '11', '2', '21'];
  return [...names].reduce<readonly Readonly<Record<string, string>>[]>(
    (rows, name) =>
      rows.flatMap((row) =>
        (name.startsWith('t') ? texts : numbers).map((value) => ({ ...row, [name]: value })),
      ),
    [{}],
  );
}

function render(key: string, row: Readonly<Record<string, string>>): string {
  return key.replaceAll(/\$\{(\w+)(\|urlencode)?\}/g, (_, name: string, filter: string | undefined) => {
    const text = row[name] ?? '';
    return filter === undefined ? text : encodeURIComponent(text);
  });
}
