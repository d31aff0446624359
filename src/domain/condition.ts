import type { Change, ChangeKind } from './change.ts';
import type { Column, Table } from './table.ts';

/** The `when` of a rule: which changes the rule is about. Compiled once; knows nothing of a table until it is bound. */
export interface Condition {
  /** As the user wrote it. */
  readonly source: string;
  /** Every column read from the new or the old row or named by `changed`, each once: what the decoder must keep. */
  readonly columns: readonly string[];
  /** The columns among them whose old value an update needs: `old.x` and `changed('x')`. */
  readonly oldColumns: readonly string[];
  /** What is wrong with it against a live table; empty where it fits. */
  check(asked: ChangesAsked): readonly ConditionProblem[];
  /** Resolves columns and their types once for a version of a table. What comes back is cheap, and never throws. */
  bind(table: Table): (change: Change) => Verdict;
}

export interface Verdict {
  /** True wherever it cannot be known: a key touched for nothing is slow, a key left alone is wrong. */
  readonly holds: boolean;
  /** Why it holds only for want of knowledge. */
  readonly doubt?: Doubt;
}

/** One object a place and table, so that a caller may count each and log it once. Never holds a value of a row. */
export interface Doubt {
  /** `untold`: the stream does not carry a value. `failed`: an error of evaluation, such as NULL < 5 or an overflow. */
  readonly kind: 'untold' | 'failed';
  /** Characters of the source before the place. */
  readonly offset: number;
  readonly message: string;
}

/** The changes that a condition is asked about. */
export interface ChangesAsked {
  readonly columns: readonly CheckedColumn[];
  /** The kinds that its rule is about; undefined where that is not known. */
  readonly on?: ReadonlySet<ChangeKind>;
  /** What `table` may be; undefined where partitions may still come. */
  readonly tables?: readonly string[] | undefined;
}

/** A column of the live catalog. */
export interface CheckedColumn extends Pick<Column, 'name' | 'typeOid'> {
  /** As SQL writes it, for messages: `character varying(40)`. */
  readonly sqlType: string;
}

export interface ConditionProblem {
  readonly message: string;
  /** Characters of the source before the fault. */
  readonly offset: number;
  readonly remedy?: string;
}
