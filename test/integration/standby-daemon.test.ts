import { expect, test } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';

interface Pair {
  readonly leader: DaemonProcess;
  readonly standby: DaemonProcess;
}

/** Two daemons on one slot; returns when the second stands by. */
async function startPair(context: TestContext): Promise<Pair> {
  await context.sql.rows('CREATE TABLE items (id int PRIMARY KEY)');
  const rules = ruleText(context.keyPrefix, [{ name: 'item', table: 'public.items', keys: ['item:${id}'] }]);
  const leader = await context.startDaemon({ rules });
  const standby = await context.startDaemon({ rules });
  await waitFor(async () => (await phase(standby)) === 'standby', { what: 'the second to stand by' });
  return { leader, standby };
}

async function phase(daemon: DaemonProcess): Promise<string> {
  return (await (await fetch(`${daemon.httpUrl}/readyz`)).text()).trim();
}

test.each(['SIGTERM', 'SIGKILL'] as const)('a standby takes over after %s of the leader', async (signal) => {
  await using context = await TestContext.open();
  const { leader, standby } = await startPair(context);
  expect(await standby.isReady(), 'or a rolling update would never end').toBe(true);
  await context.fill('item:1', 'item:2', 'item:3');
  await context.sql.rows('INSERT INTO items VALUES (1)');
  await context.waitUntilGone('item:1');
  expect(await standby.metric('freshet_changes_total'), 'a standby reads nothing').toBe(0);

  await leader.stop(signal);
  await context.sql.rows('INSERT INTO items VALUES (2)');
  await context.waitUntilGone('item:2', 30_000);
  expect(await phase(standby)).toBe('streaming');
  expect(await context.keys()).toEqual(['item:3']);
});

test('a standby that is told to stop ends at once and disturbs nobody', async () => {
  await using context = await TestContext.open();
  const { leader, standby } = await startPair(context);
  expect(await standby.stop('SIGTERM', 5_000)).toEqual({ code: 0, signal: null });
  await context.fill('item:1');
  await context.sql.rows('INSERT INTO items VALUES (1)');
  await context.waitUntilGone('item:1');
  expect(leader.exit).toBeUndefined();
});

test('a standby that keeps asking fills no log', async () => {
  await using context = await TestContext.open();
  const { standby } = await startPair(context);
  await waitFor(async () => (await standby.metric('freshet_sessions_total')) >= 3, {
    what: 'the standby to ask for the slot three times',
    deadlineMs: 30_000,
  });
  expect(standby.log.filter((line) => line.includes('standing by'))).toHaveLength(1);
});
