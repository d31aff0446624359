import type { DaemonProcess } from '../support/daemon-process.ts';
import { waitFor } from '../support/wait-for.ts';

/** Waits until the daemon says that it is in this phase of its life. */
export async function waitUntilPhase(phase: 'standby' | 'streaming', daemon: DaemonProcess): Promise<void> {
  await waitFor(async () => (await (await fetch(`${daemon.httpUrl}/readyz`)).text()).trim() === phase, {
    what: `the phase ${phase}`,
    deadlineMs: 30_000,
  });
}
