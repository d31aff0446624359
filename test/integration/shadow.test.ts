import { expect } from 'vitest';
import type { TestRule } from './rule-text.ts';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

const ALL_KEYS = ['deleted:1', 'found:1', 'read:1', 'set:1', 'hash:1', 'tag:1'];

const SHADOWS: readonly TestRule[] = [
  { name: 'deleted', keys: ['deleted:${id}'] },
  { name: 'found', keys: [{ each: `SELECT nextval('asked') AS a, \${id} AS id`, key: 'found:${id}' }] },
  {
    name: 'read',
    keys: ['read:${id}'],
    refresh: { query: `SELECT nextval('asked')`, ttl: '1h', always: true },
  },
  { name: 'set', keys: ['set:${id}'], set: { ttl: '1h' } },
  { name: 'hash', keys: ['hash:${id}'], hash: { ttl: '1h' } },
  { name: 'tag', keys: ['tag:${id}'], purgeTag: {} },
  { name: 'pattern', keys: ['*ed:${id}'], purgePattern: {} },
  { name: 'told', keys: ['told:${id}'], publish: { stream: 'shadow-told' } },
].map((rule) => ({ ...rule, table: 'public.items', mode: 'shadow' }));

const test = withDaemon({
  schema: `CREATE TABLE items (id int PRIMARY KEY, n int); CREATE SEQUENCE asked;`,
  rules: [{ name: 'live', table: 'public.items', keys: ['live:${id}'] }, ...SHADOWS],
});

test('shadow rules count and log what they would do, and touch nothing', async ({
  running: { context, daemon },
}) => {
  await context.fill('live:1', ...ALL_KEYS);
  await context.sql.rows('INSERT INTO items VALUES (1, 1)');
  await context.sql.rows('UPDATE items SET n = 2');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(ALL_KEYS.toSorted());
  expect(await context.redis.mget(ALL_KEYS.map((key) => context.key(key)))).toEqual(
    ALL_KEYS.map(() => 'cached'),
  );

  await context.sql.rows('TRUNCATE items');
  await waitUntilSettled(context);
  expect(await context.keys()).toEqual(ALL_KEYS.toSorted());
  expect(await context.redis.exists('shadow-told')).toBe(0);
  expect(await context.sql.value('SELECT is_called FROM asked'), 'no query was run').toBe(false);

  const metrics = await daemon.metrics();
  await daemon.stop();
  for (const [rule, kind] of [
    ['deleted', 'delete'],
    ['found', 'fanOut'],
    ['read', 'refresh'],
    ['set', 'write'],
    ['hash', 'write'],
    ['tag', 'purgeTag'],
    ['pattern', 'purge'],
    ['told', 'publish'],
  ]) {
    const series = `freshet_shadow_effects_total{rule="${rule}",kind="${kind}"}`;
    const line = metrics.split('\n').find((each) => each.startsWith(series)) ?? '';
    expect(Number(line.split(' ').at(-1)), series).toBeGreaterThanOrEqual(2);
    const logged = daemon.log.filter((each) => each.includes(`"rule":"${rule}","effects":{`));
    expect(logged.length, rule).toBeGreaterThanOrEqual(1);
    expect(logged[0]).toContain(`"${kind}":`);
  }
  expect(metrics).not.toContain('shadow_effects_total{rule="live"');
  expect(daemon.log.filter((line) => line.includes(context.keyPrefix))).toEqual([]);
});
