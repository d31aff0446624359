/** Where noteworthy events go: facts as fields, one sentence. Never a key, a row value or a connection string. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
