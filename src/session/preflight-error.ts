import { type FatalCode, FatalError } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import type { FindingCode } from '../domain/finding-codes.ts';

/** Findings that are errors. */
export class PreflightError extends FatalError {
  readonly first: Finding;

  constructor(first: Finding, others: readonly Finding[]) {
    super(
      fatalCode(first.code),
      [first, ...others].map(({ subject, message }) => `${subject} ${message}`).join('\n'),
      first.remedy ?? '`freshet check` prints every finding with its remedy',
    );
    this.first = first;
  }
}

/** @throws PreflightError where a finding is an error */
export function refuseErrors(findings: readonly Finding[]): void {
  const [first, ...others] = findings.filter(({ severity }) => severity === 'error');
  if (first !== undefined) throw new PreflightError(first, others);
}

/** What a running session finds out too has the same exit code here as there. */
function fatalCode(code: FindingCode): FatalCode {
  switch (code) {
    case 'PUBLICATION_MISSING':
    case 'SLOT_MISSING':
    case 'SLOT_LOST':
      return code;
    default:
      return 'PREFLIGHT_FAILED';
  }
}
