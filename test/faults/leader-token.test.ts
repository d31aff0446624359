import { expect, test } from 'vitest';
import { ruleText } from '../integration/rule-text.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBench } from './fault-bench.ts';
import { waitUntilPhase } from './wait-until-phase.ts';

/** What the keys must hold. */
async function expected({ context }: FaultBench): Promise<Readonly<Record<string, unknown>>> {
  const rows = await context.sql.rows<{ id: number }>('SELECT id, shelf, version FROM items ORDER BY id');
  return Object.fromEntries(rows.map((row) => [`item:${row.id}`, row]));
}

async function actual({ context }: FaultBench): Promise<Readonly<Record<string, unknown>>> {
  const names = await context.keys();
  if (names.length === 0) return {};
  const values = await context.redis.mget(names.map((name) => context.key(name)));
  return Object.fromEntries(names.map((name, index) => [name, JSON.parse(values[index] ?? 'null')]));
}

test.each(['UNLINK', 'FLUSHALL'])(
  'the token of the leader is lost by %s: it begins again by itself, and values are exact',
  async (how) => {
    await using bench = await FaultBench.open({ rows: 12_000 });
    const { context } = bench;
    const rules = ruleText(context.keyPrefix, [
      { name: 'item', table: 'public.items', keys: ['item:${id}'], set: { ttl: '1h' } },
    ]);
    const daemon = await bench.startDaemon({ rules });
    await context.sql.rows('UPDATE items SET version = 2');
    await bench.waitUntilConfirmed();
    // The rows last longer than three sessions take to end and to begin again; only a write notices the loss.
    const writers = bench.write({ maxPauseMs: 40 });

    for (let losses = 1; losses <= 3; losses++) {
      await writers.load(50);
      if (how === 'FLUSHALL') await context.redis.flushall();
      else await context.redis.unlink(`freshet:{${context.slot}}:leader`);
      const noticed = () => daemon.log.filter((line) => line.includes('LeadershipLostError')).length;
      await waitFor(() => noticed() >= losses, { what: 'the session to end' });
      await waitUntilPhase('streaming', daemon);
    }
    await bench.quiesce();
    await bench.waitUntilConfirmed();

    const values = await expected(bench);
    if (how === 'FLUSHALL') expect(values).toMatchObject(await actual(bench));
    else expect(await actual(bench)).toEqual(values);
    await context.sql.rows('UPDATE items SET version = version + 1');
    await bench.waitUntilConfirmed();
    expect(await actual(bench)).toEqual(await expected(bench));
  },
);
