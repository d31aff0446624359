/**
 * What a table's rows look like, as one text; two commands that leave it the same changed no value. The event trigger
 * and the poll must compute it from the same expression, or nothing that they say could be compared.
 *
 * In it: names, the columns with their types and generation expressions, and who is above and below the table. Not in
 * it: the owner, defaults for rows to come, NOT NULL and other constraints, statistics targets, storage parameters,
 * and the replica identity, for which the poll has its own answer. Nor the place on disk, which VACUUM FULL moves too.
 *
 * It takes no lock on a user's table, so it never waits: pg_partition_tree() and pg_get_expr() would.
 *
 * @param relation alias of a row of pg_class; @param namespace alias of its row of pg_namespace
 * @param childMatters condition on `child`, a row of pg_inherits
 */
export function shapeSql(relation: string, namespace: string, childMatters = 'true'): string {
  return `md5(concat_ws('|', ${namespace}.nspname, ${relation}.relname, ${relation}.relpersistence,
    (SELECT string_agg(concat_ws(':', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attgenerated,
                                 md5(d.adbin::text)), ',' ORDER BY a.attnum)
       FROM pg_attribute a
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> ''
      WHERE a.attrelid = ${relation}.oid AND a.attnum > 0 AND NOT a.attisdropped),
    (SELECT string_agg(parent.inhparent::text, ',' ORDER BY parent.inhparent)
       FROM pg_inherits parent
      WHERE parent.inhrelid = ${relation}.oid AND NOT parent.inhdetachpending),
    'below',
    (SELECT string_agg(child.inhrelid::text, ',' ORDER BY child.inhrelid)
       FROM pg_inherits child
      WHERE child.inhparent = ${relation}.oid AND NOT child.inhdetachpending AND ${childMatters})))`;
}
