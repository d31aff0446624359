/** Everything the daemon can be told, parsed and frozen; durations are milliseconds, sizes bytes. */
export interface Settings {
  readonly postgres: {
    /** Direct connection to the primary, not through a pooler; secret. */
    readonly url: string;
    /** Of the other databases that readers read; secret. */
    readonly replicas: readonly string[];
    readonly slot: string;
    readonly publication: string;
    /** Whether `run` creates a publication or slot that is missing. */
    readonly createMissing: boolean;
  };
  readonly redis: {
    readonly url: string;
  };
  /** Absolute paths of rule files, in order; folders and globs are expanded. */
  readonly rules: readonly string[];
  readonly http: { readonly host: string; readonly port: number };
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' };
  readonly limits: {
    /** Keys that one batch holds at most. */
    readonly batchKeys: number;
    /** Memory that keys waiting for Redis or for visibility may take; beyond it reading from Postgres pauses. */
    readonly queueBytes: number;
    /** How long SIGTERM waits for work in flight. */
    readonly drainMs: number;
  };
  /** How often the daemon compares a cached key with the database; 0 never. */
  readonly verify: { readonly intervalMs: number };
  readonly retry: { readonly initialMs: number; readonly maxMs: number };
}
