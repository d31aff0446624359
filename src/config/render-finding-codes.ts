import { FINDING_CODES } from '../domain/finding-codes.ts';
import { renderTable } from './render-table.ts';

/** The reference page of the codes of findings, as Markdown; it stands beside the checks. */
export function renderFindingCodes(): string {
  return `<!-- Written by \`node src/config/write-reference.ts\` from src/domain/finding-codes.ts; edit that. -->
# Findings

What \`freshet check\` finds, by code. Each finding also names the rule, table, setting or server concerned and, where there
is one, the SQL or command that mends it. \`freshet run\` does not start while there is an error, and \`freshet setup\` creates
nothing while there is one that it cannot mend itself. The log of \`freshet run\` has the same codes in the field \`code\`: at
start, and when a migration breaks what held before.

${renderTable(['code', 'severity', 'what it means'], rows())}
`;
}

function rows(): readonly (readonly string[])[] {
  return Object.entries(FINDING_CODES)
    .flatMap(([severity, meanings]) =>
      Object.entries(meanings).map(([code, meaning]) => [code, severity, meaning] as const),
    )
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([code, severity, meaning]) => [`\`${code}\``, severity, meaning]);
}
