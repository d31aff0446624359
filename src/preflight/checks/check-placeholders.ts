import type { Finding } from '../../domain/finding.ts';
import type { KeyTemplate } from '../../domain/key-template.ts';
import type { Rule, RuleAction } from '../../domain/rule.ts';
import { quoteIdentifier } from '../../domain/table.ts';
import type { RuledTable } from '../facts/ruled-table.ts';

/** What other languages write for `${column}`, and first what is right: an escaped `$`, or a placeholder. */
const NOTATIONS =
  /\$\$(?:\{[^{}]*\}|\w+)?|\$\{[^{}]*\}|%?\{\s*(?<inBrace>\w+)\s*\}|\{\{\s*(?<inBraces>\w+)\s*\}\}|\$(?<afterDollar>\w+)/g;

/** Whether the text of a template names a column without reading it, and whether a key has a column at all. */
export function checkPlaceholders(tables: readonly RuledTable[]): readonly Finding[] {
  return tables.flatMap(({ rules, relation }) => {
    const columns = new Set(relation?.columns.map(({ name }) => name));
    return rules.flatMap((rule) => [
      ...keyTemplates(rule).flatMap((template) => {
        const unread = checkText(rule, template, columns);
        return unread.length > 0 ? unread : checkConstant(rule, template, columns);
      }),
      ...valueTemplates(rule.action).flatMap((template) => checkText(rule, template, columns)),
    ]);
  });
}

function keyTemplates({ keys, fanOuts }: Rule): readonly KeyTemplate[] {
  return [...keys, ...fanOuts.map(({ key }) => key)];
}

function valueTemplates(action: RuleAction): readonly KeyTemplate[] {
  if (action.kind === 'sortedSet') return [action.member];
  if (action.kind === 'refresh')
    return typeof action.as === 'object' && 'template' in action.as ? [action.as.template] : [];
  return action.kind === 'set' && action.template !== undefined ? [action.template] : [];
}

/** A brace group that is exactly a column's name is no hash tag: `{user:${id}}` has more in it. */
function checkText(rule: Rule, template: KeyTemplate, columns: ReadonlySet<string>): readonly Finding[] {
  return [...template.source.matchAll(NOTATIONS)].flatMap(
    ({ 0: text, index, groups }): readonly Finding[] => {
      const written = groups?.['inBrace'] ?? groups?.['inBraces'] ?? groups?.['afterDollar'] ?? '';
      const column = [written, written.toLowerCase()].find((name) => columns.has(name));
      if (column === undefined) return [];
      return [
        {
          code: 'PLACEHOLDER_AS_TEXT',
          severity: 'warning',
          subject: `rule ${rule.name}`,
          message: `in ${template.source}, ${text} is plain text, the same for every row; write \${${quoteIdentifier(column)}} for the value of the column (${rule.at(template, index)})`,
        },
      ];
    },
  );
}

/** Rows may well have one key together, such as a list of all; but not where each would write its own value. */
function checkConstant(rule: Rule, template: KeyTemplate, columns: ReadonlySet<string>): readonly Finding[] {
  if (template.columns.length > 0) return [];
  const words = template.source.replaceAll(NOTATIONS, '').match(/\w+/g) ?? [];
  const named = words.find((word) => columns.has(word));
  const why = whyNeeded(rule, template) ?? (named && `${named} in it is plain text`);
  if (why === undefined) return [];
  return [
    {
      code: 'KEY_WITHOUT_COLUMN',
      severity: 'info',
      subject: `rule ${rule.name}`,
      message: `the key ${template.source} is the same for every row, and ${why} (${rule.at(template)})`,
    },
  ];
}

function whyNeeded({ keys, action }: Rule, template: KeyTemplate): string | undefined {
  if (!keys.includes(template)) return 'the query finds rows for it';
  switch (action.kind) {
    case 'set':
    case 'hash':
      return 'what is stored there is the row that was changed last';
    case 'refresh':
      return action.query.columns.length === 0 ? undefined : 'its query asks by columns of the row';
    default:
      return undefined;
  }
}
