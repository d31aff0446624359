/** Prefixes of the logical messages that concern Freshet: `pg_logical_emit_message(true, 'freshet.purge', '...')`. */
export const DDL_PREFIX = 'freshet.ddl';
export const PURGE_PREFIX = 'freshet.purge';
