import type { Redis } from 'ioredis';
import { type Lsn, parseLsn } from '../../../../src/domain/lsn.ts';
import { plainReaders } from './plain-readers.ts';
import type { Readers } from './readers.ts';

const TTL_MS = 3_600_000;

/** KEYS[1] the key, KEYS[2] its tombstone. ARGV[1] the reader's position, ARGV[2] the value, ARGV[3] its life in ms. */
const FILL = `
  local tombstone = redis.call('GET', KEYS[2])
  if tombstone and ARGV[1] < tombstone then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1`;

/** They fill only where the database was as far as the change that deleted the key, before they asked it. */
export const lsnReaders: Readers = {
  ...plainReaders,
  open:
    ({ redis, sql, report }) =>
    async (key, load) => {
      if ((await redis.get(key)) !== null) return report(key, 'hit');
      const position = parseLsn(await sql.value<string>('SELECT pg_current_wal_insert_lsn()'));
      const fill = [sortable(position), await load(), TTL_MS];
      const isStored = await redis.eval(FILL, 2, key, tombstoneOf(key), ...fill);
      report(key, isStored === 1 ? 'stored' : 'refused');
    },
};

/** What the daemon does for them before it deletes a key. @param position at or after the end of the change */
export async function leaveTombstone(redis: Redis, key: string, position: Lsn): Promise<void> {
  await redis.set(tombstoneOf(key), sortable(position), 'PX', TTL_MS);
}

/** Not among the keys of the test. */
function tombstoneOf(key: string): string {
  return `tombstone:${key}`;
}

/** The order of the texts is that of the positions. */
function sortable(position: Lsn): string {
  return position.toString(16).padStart(16, '0');
}
