import { SynchronousServers } from '../../support/synchronous-servers.ts';

/** How far the standby replays behind, and so for how long a commit that waits for it is sent but not visible. */
const REPLAY_DELAY_MS = 40;

/**
 * Servers on which commits become visible late and out of order. The standby is synchronous for those transactions that
 * ask for it; the others are visible at once. It is also a replica that readers may use.
 */
export async function createRaceServers(): Promise<SynchronousServers> {
  // Nobody waits for the standby who does not ask for it: neither the daemon nor the test itself.
  const settings = { synchronous_standby_names: 'behind', synchronous_commit: 'local' };
  const delay = { recovery_min_apply_delay: `${REPLAY_DELAY_MS}ms` };
  return SynchronousServers.create({ settings }, delay);
}
