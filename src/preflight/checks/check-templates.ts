import type { Finding } from '../../domain/finding.ts';
import type { KeyTemplate, TemplatePart } from '../../domain/key-template.ts';
import type { Rule } from '../../domain/rule.ts';
import type { ColumnFacts } from '../facts/relation-facts.ts';
import type { RuledTable } from '../facts/ruled-table.ts';

type ColumnPart = Extract<TemplatePart, { kind: 'column' }>;

/** The texts that a placeholder can become: which separators could occur inside them. */
const ALPHABETS = {
  text: /^[^]*$/,
  encoded: /^[A-Za-z0-9\-_.!~*'()%]*$/,
  digits: /^[0-9]*$/,
} as const;
type Alphabet = keyof typeof ALPHABETS | 'fixed';

const FREE_TEXT = new Set(['text', 'varchar', 'bpchar', 'citext', 'name', 'xml', 'json', 'jsonb']);
const INTEGERS = new Set(['int2', 'int4', 'int8', 'oid']);

/** Whether two different rows could yield one key, and whether TRUNCATE would purge more than the rule's keys. */
export function checkTemplates(tables: readonly RuledTable[]): readonly Finding[] {
  return tables.flatMap(({ rules, relation }) =>
    rules.flatMap((rule) =>
      rule.keys.flatMap((template) => [
        ...checkAmbiguous(rule, template, relation?.columns ?? []),
        ...checkStart(rule, template),
        ...checkPattern(rule, template),
      ]),
    ),
  );
}

function checkAmbiguous(
  rule: Rule,
  template: KeyTemplate,
  columns: readonly ColumnFacts[],
): readonly Finding[] {
  const pair = findAmbiguousPair(template.parts, columns);
  if (pair === undefined) return [];
  const { left, right, separator } = pair;
  const between = separator === '' ? 'with nothing between them' : `across ${JSON.stringify(separator)}`;
  const mended = mend(template, separator, columns);
  const advice =
    mended === undefined
      ? 'put a separator between them that neither can contain'
      : `write ${mended}, and encode alike where the application builds the key`;
  return [
    {
      code: 'KEY_AMBIGUOUS',
      severity: 'warning',
      subject: `rule ${rule.name}`,
      message: `in ${template.source}, ${left.column} and ${right.column} meet ${between}, which could occur in them: two rows could share a key; ${advice}`,
    },
  ];
}

interface Pair {
  readonly left: ColumnPart;
  readonly right: ColumnPart;
  /** All literal text between the two. */
  readonly separator: string;
}

/**
 * The first two placeholders of variable length, not only neighbours, that can both contain all literal text between
 * them: where one cannot, the key splits in one way only.
 */
function findAmbiguousPair(
  parts: readonly TemplatePart[],
  columns: readonly ColumnFacts[],
): Pair | undefined {
  for (const [index, left] of parts.entries()) {
    if (left.kind !== 'column') continue;
    let separator = '';
    for (const right of parts.slice(index + 1)) {
      if (right.kind === 'literal') separator += right.text;
      else if (canContain(left, separator, columns) && canContain(right, separator, columns))
        return { left, right, separator };
    }
  }
  return undefined;
}

function canContain(part: ColumnPart, text: string, columns: readonly ColumnFacts[]): boolean {
  const alphabet = alphabetOf(part, columns);
  return alphabet !== 'fixed' && ALPHABETS[alphabet].test(text);
}

/** A type that is neither free text nor a number (uuid, date, enum) counts as of fixed form: nobody types into it. */
function alphabetOf({ column, filters }: ColumnPart, columns: readonly ColumnFacts[]): Alphabet {
  if (filters.includes('sha256') || filters.includes('md5')) return 'fixed';
  if (filters.includes('urlencode')) return 'encoded';
  const type = columns.find(({ name }) => name === column)?.type ?? '';
  if (FREE_TEXT.has(type)) return 'text';
  return INTEGERS.has(type) ? 'digits' : 'fixed';
}

/** The template with `|urlencode` on all free text; undefined where the separator survives encoding. */
function mend(
  { parts }: KeyTemplate,
  separator: string,
  columns: readonly ColumnFacts[],
): string | undefined {
  if (ALPHABETS.encoded.test(separator)) return undefined;
  return parts
    .map((part) => {
      if (part.kind === 'literal') return part.text;
      const isFree = alphabetOf(part, columns) === 'text';
      const filters = isFree ? [...part.filters, 'urlencode'] : part.filters;
      return `\${${[part.column, ...filters].join('|')}}`;
    })
    .join('');
}

function checkStart(rule: Rule, { source, parts }: KeyTemplate): readonly Finding[] {
  if (parts[0]?.kind !== 'column' || !rule.on.has('truncate')) return [];
  return [
    {
      code: 'KEY_WITHOUT_PREFIX',
      severity: 'warning',
      subject: `rule ${rule.name}`,
      message: `${source} begins with a placeholder: TRUNCATE purges the pattern ${patternOf(parts)}, which keys of others may match; begin with literal text, or leave truncate out of \`on\``,
    },
  ];
}

/** The keys of such a rule are patterns: one that begins with a wildcard may match keys of anybody. */
function checkPattern({ name, action }: Rule, { source, parts: [first] }: KeyTemplate): readonly Finding[] {
  if (action.kind !== 'purgePattern' || first?.kind !== 'literal' || !/^[*?[]/.test(first.text)) return [];
  return [
    {
      code: 'PATTERN_WITHOUT_PREFIX',
      severity: 'warning',
      subject: `rule ${name}`,
      message: `the pattern ${source} begins with a wildcard: it may match keys of others, and deletes them; begin with literal text`,
    },
  ];
}

function patternOf(parts: readonly TemplatePart[]): string {
  return parts.map((part) => (part.kind === 'literal' ? part.text : '*')).join('');
}
