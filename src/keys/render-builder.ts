import type { KeyTemplate, TemplatePart } from '../domain/key-template.ts';
import { columnText, type KeyColumn } from './column-text.ts';
import { FILTER_SOURCES } from './filter-source.ts';
import type { HelperName } from './helper-source.ts';

/** The function that builds the keys of one template, as an expression of TypeScript. */
export interface Builder {
  readonly source: string;
  readonly helpers: readonly HelperName[];
}

/** @param columnOf what the catalog says of a column; undefined where it was not asked */
export function renderBuilder(
  template: KeyTemplate,
  columnOf: (column: string) => KeyColumn | undefined,
): Builder {
  const helpers: HelperName[] = [];
  const expressionOf = ({ column, filters }: Extract<TemplatePart, { kind: 'column' }>): string => {
    const { helper, settings } = columnText(columnOf(column));
    const hashes = filters.some((filter) => filter === 'sha256' || filter === 'md5');
    helpers.push(helper, ...(hashes ? (['hash'] as const) : []));
    const value = `${helper}(${[memberOf('row', column), ...settings].join(', ')})`;
    return filters.reduce((expression, filter) => FILTER_SOURCES[filter](expression), value);
  };
  const key = template.parts
    .map((part) => (part.kind === 'literal' ? escapeText(part.text) : `\${${expressionOf(part)}}`))
    .join('');
  const parameters = template.columns.map(
    (column) => `${propertyName(column)}: ${columnText(columnOf(column)).parameter}`,
  );
  const row = parameters.length === 0 ? '' : `row: { ${parameters.join('; ')} }`;
  return { source: `(${row}): string => \`${key}\``, helpers };
}

const IDENTIFIER = /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u;

export function propertyName(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}

function memberOf(object: string, name: string): string {
  return IDENTIFIER.test(name) ? `${object}.${name}` : `${object}[${JSON.stringify(name)}]`;
}

/** Text inside a template literal. */
function escapeText(text: string): string {
  return text.replaceAll(/[`\\]|\$(?=\{)/g, '\\$&');
}
