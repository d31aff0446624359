import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { TestContext } from '../support/test-context.ts';
import { waitFor } from '../support/wait-for.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';

const MAIN = join(import.meta.dirname, '../../cmd/main.ts');

test('explain --follow shows changes, rules and effects as JSON lines, and touches nothing', async () => {
  await using context = await TestContext.open();
  await context.sql.rows('CREATE TABLE item (id int PRIMARY KEY, price int)');
  const rules = ruleText(context.keyPrefix, [
    { name: 'item', table: 'public.item', keys: ['item:${id}'], when: 'row.price > 5' },
  ]);
  const daemon = await context.startDaemon({ rules });
  const { configFile } = daemon;
  const slots = () =>
    context.sql.value<number>('SELECT count(*)::int FROM pg_replication_slots WHERE temporary');

  const child = spawn(process.execPath, [MAIN, 'explain', '--follow', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: unknown[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  try {
    await waitFor(async () => (await slots()) === 1, { what: 'the temporary slot' });
    // The daemon stands still: what is shown is not its doing.
    daemon.kill('SIGSTOP');
    await context.fill('item:1');
    await context.sql.rows('INSERT INTO item VALUES (1, 9); UPDATE item SET price = 3');
    await waitFor(() => lines.length === 2, { what: 'two changes' });
    expect(lines).toMatchObject([
      {
        kind: 'insert',
        table: 'public.item',
        new: { id: '1', price: '9' },
        effects: [{ rule: 'item', kind: 'delete', key: context.key('item:1') }],
      },
      { kind: 'update', effects: [] },
    ]);
    expect(await context.keys()).toEqual(['item:1']);
  } finally {
    daemon.kill('SIGCONT');
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  }
  await waitFor(async () => (await slots()) === 0, { what: 'the temporary slot to be gone' });
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual([]);
});
