import type { Grade } from './finding-codes.ts';
import type { Statement } from './statement.ts';

export const SEVERITIES = ['error', 'warning', 'info'] as const;

/** What `freshet check` has to say about a rule, a setting or a server. */
export type Finding = Grade & {
  /** The rule, table or setting concerned. */
  readonly subject: string;
  readonly message: string;
  /** SQL or a command that mends it, to be pasted as it stands. */
  readonly remedy?: string;
  /** Those of the remedy that `freshet setup --apply` may run, in order; what else it says is for an operator. */
  readonly statements?: readonly Statement[];
};

/** Errors first; within a severity as they come. */
export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  return SEVERITIES.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}
