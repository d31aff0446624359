import type { Finding } from '../../domain/finding.ts';
import type { Statement } from '../../domain/statement.ts';

/** A statement that `freshet setup --apply` is going to run. */
export interface PlannedStatement {
  /** From 1 on, in the order of running. */
  readonly number: number;
  readonly statement: Statement;
  /** The first finding that asks for it. */
  readonly finding: Finding;
}

/** Tables and grants, then the publication, then the slot: a slot made before its publication could never be read. */
const STAGES: Readonly<Record<Statement['kind'], number>> = {
  'alter-table': 0,
  'create-index': 0,
  'drop-index': 0,
  grant: 0,
  publish: 1,
  'create-slot': 2,
};

/** Every statement of these findings, each once: two findings may ask for the same. */
export function planMends(findings: readonly Finding[]): readonly PlannedStatement[] {
  const wanted = findings.flatMap((finding) =>
    (finding.statements ?? []).map((statement) => ({ statement, finding })),
  );
  const texts = wanted.map(({ statement }) => statement.sql);
  return wanted
    .filter(({ statement }, index) => texts.indexOf(statement.sql) === index)
    .toSorted((a, b) => STAGES[a.statement.kind] - STAGES[b.statement.kind])
    .map((each, index) => ({ number: index + 1, ...each }));
}

/** Errors that have to be gone before a table is published or a slot made: those that the stream's own statements leave. */
export function streamObstacles(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(
    ({ severity, statements = [] }) =>
      severity === 'error' && (statements.length === 0 || statements.some((each) => !concernsStream(each))),
  );
}

/** Who owns the tables and publishes them need not be who streams, and makes the slot. */
export function concernsSlotAlone({ code }: Finding): boolean {
  return code === 'ROLE_LACKS_REPLICATION';
}

/** Of the publication or the slot: it comes after all else. */
export function concernsStream({ kind }: Statement): boolean {
  return STAGES[kind] > 0;
}
