import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test as independent } from 'vitest';
import { DaemonProcess } from '../support/daemon-process.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const RULE = { name: 'customer', table: 'public.customers', keys: ['customer:${mail}'] } as const;
const TABLE = 'CREATE TABLE customers (mail text PRIMARY KEY, note text)';

const test = withDaemon({ schema: TABLE, rules: [RULE] });

test('the probes answer, and other paths and methods are refused with a hint', async ({
  running: { daemon },
}) => {
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`${daemon.httpUrl}${path}`, { method });
    return [response.status, await response.text()];
  };
  expect(await get('/livez')).toEqual([200, 'ok\n']);
  expect(await get('/readyz?verbose')).toEqual([200, 'streaming\n']);
  expect(await get('/')).toEqual([404, expect.stringContaining('/livez, /readyz, /metrics')]);
  expect((await get('/livez', 'POST'))[0]).toBe(405);
});

test('metrics tell the latency, the batches, the slot and its lag', async ({
  running: { context, daemon },
}) => {
  await context.fill('customer:metered');
  await context.sql.rows(`INSERT INTO customers VALUES ('metered')`);
  await waitUntilSettled(context);
  const metrics = await daemon.metrics();
  expect(metrics).toMatch(/^freshet_changes_total\{kind="insert"\} [1-9]/m);
  expect(metrics).toMatch(/^freshet_keys_removed_total\{rule="customer"\} [1-9]/m);
  expect(metrics).toMatch(/^freshet_keys_existed_total\{rule="customer"\} [1-9]/m);
  expect(metrics).toMatch(/^freshet_commit_to_applied_seconds_count [1-9]/m);
  expect(metrics).toMatch(/^freshet_batch_keys_count [1-9]/m);
  expect(metrics).toMatch(/^freshet_slot_status\{status="reserved"\} 1$/m);
  expect(metrics).toMatch(/^freshet_slot_retained_wal_bytes \d+$/m);
  expect(metrics).toMatch(/^freshet_lag_bytes \d+$/m);
  expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
});

test('the log holds no connection string, password, key or value', async ({
  running: { context, daemon },
}) => {
  await context.fill('customer:ann@example.org');
  await context.sql.rows(`INSERT INTO customers VALUES ('ann@example.org', 'a-private-note')`);
  await context.sql.rows('TRUNCATE customers');
  await waitUntilSettled(context);
  const log = daemon.log.join('\n');
  expect(log).toContain('"msg":"streaming"');
  expect(log).not.toMatch(/postgres(ql)?:\/\/|redis:\/\/|ann@example|a-private-note/);
  const { password } = new URL(context.databaseUrl);
  expect(log).not.toContain(`:${password}@`);
  expect(log, 'no line a row').not.toContain('customer:');
});

independent('SIGTERM finishes what is in flight: nothing is delivered twice', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(TABLE);
  const rules = ruleText(context.keyPrefix, [RULE]);
  const first = await context.startDaemon({ rules });
  await context.fill('customer:1', 'customer:2');
  await context.sql.rows(`INSERT INTO customers VALUES ('1')`);
  await context.waitUntilGone('customer:1');
  expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await context.fill('customer:1');
  await context.startDaemon({ rules });
  await context.sql.rows(`INSERT INTO customers VALUES ('2')`);
  await context.waitUntilGone('customer:2');
  expect(await context.keys()).toEqual(['customer:1']);
});

independent('a port in use stops the start', async () => {
  await using context = await TestContext.open();
  await context.sql.rows(TABLE);
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  try {
    const { port } = occupant.address() as AddressInfo;
    const rules = ruleText(context.keyPrefix, [RULE]);
    const options = context.daemonOptions({ rules, settings: { 'http.port': port } });
    const daemon = context.use(await DaemonProcess.launch(options));
    expect(await daemon.exited).toEqual({ code: 9, signal: null });
    const words = daemon.log.join('\n');
    expect(words).toContain(`cannot listen on 127.0.0.1:${port}`);
    expect(words).toContain('FRESHET_HTTP_PORT');
  } finally {
    occupant.close();
  }
});

describe('what cannot be read stops the start, everything named at once', () => {
  independent.for<{
    what: string;
    settings?: Record<string, string | number>;
    rule?: string;
    says: string[];
  }>([
    {
      what: 'unknown and mistyped settings',
      settings: { 'postgres.slott': 'x', 'limits.batchKeys': '12abc' },
      says: ['postgres.slott', 'postgres.slot', 'limits.batchKeys', 'freshet.yaml:'],
    },
    { what: 'a rule with an unknown field', rule: 'tabel', says: ['tabel', 'table', 'rules.yaml:'] },
  ])('$what', async ({ settings = {}, rule, says }) => {
    await using context = await TestContext.open();
    const text = ruleText(context.keyPrefix, [RULE]);
    const rules = rule === undefined ? text : text.replace('"table"', `"${rule}"`);
    const daemon = context.use(await DaemonProcess.launch(context.daemonOptions({ rules, settings })));
    expect(await daemon.exited).toEqual({ code: 2, signal: null });
    for (const part of says) expect(daemon.log.join('\n')).toContain(part);
  });
});
