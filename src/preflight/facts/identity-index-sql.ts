/**
 * The index that serves as replica identity of the table `c` (a row of pg_class), NULL where there is none: a
 * deferrable primary key does not count, nor does an index that was dropped or is not valid.
 * FULL has none and needs none: test for it before.
 */
export const IDENTITY_INDEX_SQL = `(
  SELECT i.indexrelid FROM pg_index i
  WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
    AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END)`;
