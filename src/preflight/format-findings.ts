import { bySeverity, type Finding, SEVERITIES } from '../domain/finding.ts';
import type { Rule } from '../domain/rule.ts';
import { countChecked } from './count-checked.ts';

/** For people: errors first, each with what mends it, the counts at the end. */
export function formatFindings(
  findings: readonly Finding[],
  checkedRules: readonly Pick<Rule, 'table'>[],
): string {
  const { rules, tables } = countChecked(checkedRules);
  const checked = `${count(rules, 'rule')}, ${count(tables, 'table')}`;
  const blocks = bySeverity(findings).map(formatFinding);
  const tallies = SEVERITIES.map((severity) => {
    const found = findings.filter((finding) => finding.severity === severity).length;
    return severity === 'info' ? count(found, 'note') : count(found, severity);
  });
  const summary = findings.length === 0 ? `no problems: ${checked}` : `${tallies.join(', ')}: ${checked}`;
  return [...blocks, summary].map((block) => `${block}\n`).join('\n');
}

function formatFinding({ code, severity, subject, message, remedy }: Finding): string {
  const lines = [`${severity} ${code}`, `  ${subject}: ${message}`];
  if (remedy !== undefined) lines.push(`    ${remedy.replaceAll('\n', '\n    ')}`);
  return lines.join('\n');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
