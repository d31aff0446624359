/** The bytes are not what pgoutput's protocol version 1 allows; nothing after them can be trusted. */
export class PgoutputError extends Error {
  override readonly name = 'PgoutputError';
}
