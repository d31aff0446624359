import type { MendResult } from './apply-mends.ts';
import type { PlannedStatement } from './plan-mends.ts';

/** For people: what is about to run, by finding, with what it costs; the numbers come again in the results. */
export function formatPlan(plan: readonly PlannedStatement[]): string {
  const groups = [...Map.groupBy(plan, ({ finding }) => finding).values()].map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    const { code, subject, message, remedy = '' } = first.finding;
    const comments = new Set(remedy.split('\n').filter((line) => line.startsWith('--')));
    return [
      `${code} ${subject}: ${message}`,
      ...[...comments].map((line) => `    ${line}`),
      ...group.map(({ number, statement }) => `  ${number} ${statement.sql.replaceAll('\n', '\n    ')}`),
    ].join('\n');
  });
  return groups.map((group) => `${group}\n\n`).join('');
}

/** One line: `2 refused (SQLSTATE 55P03): ...`. */
export function formatResult({ number, outcome }: MendResult): string {
  switch (outcome.kind) {
    case 'done':
      return `${number} done${outcome.note === undefined ? '' : `: ${outcome.note}`}`;
    case 'refused':
      return `${number} refused (SQLSTATE ${outcome.sqlState}): ${outcome.reason}`;
    case 'skipped':
      return `${number} skipped: ${outcome.reason}`;
  }
}

/** For scripts: an item of the JSON report. */
export function describeResult({ number, statement, finding, outcome }: MendResult): object {
  const { kind, ...details } = outcome;
  return {
    number,
    code: finding.code,
    subject: finding.subject,
    sql: statement.sql,
    outcome: kind,
    ...details,
  };
}
