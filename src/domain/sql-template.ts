/** A query with columns of the changed row as parameters; they are bound, never spliced. */
export interface SqlTemplate {
  /** As the user wrote it. */
  readonly source: string;
  /** Text and parameters in turn, beginning and ending with text. */
  readonly texts: readonly string[];
  /** The column of each parameter; one more text than there are of these. */
  readonly parameters: readonly string[];
  /** The columns that it reads, each once. */
  readonly columns: readonly string[];
}
