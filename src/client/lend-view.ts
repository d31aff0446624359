import type { LentView } from './load-request.ts';
import { COMMITTED, type PgConnection, sharedView } from './pg-connection.ts';

/** @returns `own` where the connection sees already what others do not */
export async function lendView(connection: PgConnection): Promise<LentView | 'own'> {
  const before = await sharedView(connection);
  if (before === undefined) return 'own';
  return {
    isInTransaction: before !== COMMITTED,
    isShared: async () => before === (await sharedView(connection).catch(() => undefined)),
  };
}
