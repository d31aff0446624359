import type { Query } from '../../domain/query.ts';

/** One row of `pg_replication_slots`: https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
export interface SlotFacts {
  readonly name: string;
  /** `logical` or `physical`. */
  readonly type: string;
  /** Null for a physical slot, as is `database`. */
  readonly plugin: string | null;
  readonly database: string | null;
  readonly temporary: boolean;
  /** The backend that streams from it now. */
  readonly activePid: number | null;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string | null;
  /** Why the server gave the slot up, from Postgres 17 on. */
  readonly invalidationReason: string | null;
  /**
   * Transactions since the position from which on its catalog is kept, as age() counts. Null for a physical slot, and
   * where another slot goes back as far: a new one begins at the horizon of those that are there, which says nothing
   * about its own position.
   */
  readonly catalogAge: number | null;
  /** False while its creation still waits for older transactions. */
  readonly complete: boolean;
}

/** Reads the row as JSON where a column exists only in newer versions: absent and NULL are the same here. */
const SLOT_SQL = `
  SELECT slot_name AS name, slot_type AS type, plugin, database, temporary,
         active_pid AS "activePid", wal_status AS "walStatus",
         to_jsonb(s) ->> 'invalidation_reason' AS "invalidationReason", 
         CASE WHEN NOT EXISTS (
           SELECT FROM pg_replication_slots o
           WHERE o.slot_name <> s.slot_name
             AND greatest(age(o.catalog_xmin), age(o.xmin)) >= age(s.catalog_xmin)
         ) THEN age(catalog_xmin) END AS "catalogAge",
         slot_type = 'physical' OR confirmed_flush_lsn IS NOT NULL AS complete
  FROM pg_replication_slots s
  WHERE slot_name = $1`;

/** Undefined where there is no slot of that name. @throws whatever `query` throws */
export async function readSlotFacts(query: Query, slot: string): Promise<SlotFacts | undefined> {
  const [row] = await query<SlotFacts>(SLOT_SQL, [slot]);
  return row;
}
