/** A notation inside a string, such as a key template or a table name, that cannot be read. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  /** Characters before the fault, so that a position in a file can point into the string. */
  readonly offset: number;
  readonly remedy: string | undefined;

  constructor(message: string, offset: number, remedy?: string) {
    super(message);
    this.offset = offset;
    this.remedy = remedy;
  }
}
