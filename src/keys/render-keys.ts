import type { KeyTemplate } from '../domain/key-template.ts';
import type { Rule } from '../domain/rule.ts';
import { formatTableName } from '../domain/table.ts';
import type { KeyColumn } from './column-text.ts';
import { type HelperName, helperSources } from './helper-source.ts';
import { camelCase, nameTemplates, wordsOf } from './name-templates.ts';
import { propertyName, renderBuilder } from './render-builder.ts';

/** What the catalog says of a column of a rule's table; undefined where it was not asked. */
export type ColumnOf = (rule: Rule, column: string) => KeyColumn | undefined;

const HEADER = `// Written by \`freshet types\` from the rules; edit those. The functions build the keys that Freshet touches, byte for
// byte: columns in Postgres' text form, filters as in the rule.
`;

/** TypeScript with \`keys\`, a builder for each key template of the rules; of Node's modules it needs crypto at most. */
export function renderKeys(rules: readonly Rule[], columnOf: ColumnOf): string {
  // The keys of purgePattern are patterns of keys: nothing is stored under them. Those of a shadow rule nobody keeps right.
  const building = rules.filter(({ mode, action }) => mode === 'live' && action.kind !== 'purgePattern');
  const helpers = new Set<HelperName>();
  const names = building.map(({ name }) => camelCase(wordsOf(name)));
  const entries = building.map((rule, index) => {
    const isAlone = names.filter((name) => name === names[index]).length === 1;
    return renderRule(rule, isAlone ? (names[index] ?? rule.name) : rule.name, columnOf, helpers);
  });
  const keys = `export const keys = {\n${entries.join('')}};\n`;
  const imports = helpers.has('hash') ? `import { createHash } from 'node:crypto';\n` : '';
  return [HEADER + imports, keys, ...helperSources(helpers).map((source) => `${source}\n`)].join('\n');
}

interface NamedBuilder {
  readonly name: string;
  readonly comment: string;
  readonly source: string;
}

function renderRule(rule: Rule, name: string, columnOf: ColumnOf, helpers: Set<HelperName>): string {
  const builders = buildersOf(rule, columnOf, helpers);
  const own = builders.find((builder) => builder.name === '');
  const others = builders.filter((builder) => builder !== own);
  const inner = (depth: string): string =>
    others.map((each) => renderProperty(each.name, each.comment, each.source, depth)).join('');
  if (own === undefined) {
    return renderProperty(name, `Rule ${rule.name}`, `{\n${inner('    ')}  }`, '  ');
  }
  if (others.length === 0) return renderProperty(name, own.comment, own.source, '  ');
  const both = `Object.assign(\n    ${own.source},\n    {\n${inner('      ')}    },\n  )`;
  return renderProperty(name, own.comment, both, '  ');
}

function buildersOf(rule: Rule, columnOf: ColumnOf, helpers: Set<HelperName>): readonly NamedBuilder[] {
  const templates: readonly KeyTemplate[] = [...rule.keys, ...rule.fanOuts.map(({ key }) => key)];
  const names = nameTemplates(rule.name, templates);
  return templates.map((template, index) => {
    // The columns of a fan-out's key are those of its query, which come as text.
    const isFanOut = index >= rule.keys.length;
    const builder = renderBuilder(template, (column) => (isFanOut ? undefined : columnOf(rule, column)));
    for (const helper of builder.helpers) helpers.add(helper);
    const of = isFanOut ? 'a query' : formatTableName(rule.table);
    const comment = `\`${template.source}\` of ${of}, rule ${rule.name}`;
    return { name: names[index] ?? '', comment, source: builder.source };
  });
}

function renderProperty(name: string, comment: string, source: string, indent: string): string {
  return `${indent}/** ${comment.replaceAll('*/', '*\\/')} */\n${indent}${propertyName(name)}: ${source},\n`;
}
