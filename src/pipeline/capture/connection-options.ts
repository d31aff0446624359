import type { ClientConfig } from 'pg';

/**
 * Pins whatever a role or database setting could change in the text form of values: keys are built from that text.
 * https://www.postgresql.org/docs/current/runtime-config-client.html
 */
const PINNED_SETTINGS = [
  'DateStyle=ISO',
  'IntervalStyle=postgres',
  'TimeZone=UTC',
  'extra_float_digits=3',
  'bytea_output=hex',
  'lc_monetary=C',
  // Planned for large results, the small ones of the catalog would cost more to compile than to fetch.
  'jit=off',
];

/** What every connection to Postgres has in common. */
export function connectionOptions(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'freshet',
    client_encoding: 'UTF8',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 10_000,
    options: PINNED_SETTINGS.map((setting) => `-c ${setting}`).join(' '),
  };
}
