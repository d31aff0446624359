import { expect } from 'vitest';
import { waitUntilSettled } from './settled.ts';
import { withDaemon } from './with-daemon.ts';

/** Time limit of a query: STATEMENT_TIMEOUT_MS of src/pipeline/capture/query-pool.ts. */
const LIMIT_MS = 8_000;

const test = withDaemon({
  schema: 'CREATE TABLE authors (id int PRIMARY KEY)',
  rules: [
    {
      name: 'slow',
      table: 'public.authors',
      keys: [{ each: 'SELECT ${id} AS post WHERE pg_sleep(60) IS NOT NULL', key: 'post:${post}' }],
    },
    { name: 'plain', table: 'public.authors', keys: ['author:${id}'] },
  ],
});

test('a query that times out with every batch soon delays none, and the keys go all the same', {
  timeout: 120_000,
}, async ({ running: { context, daemon } }) => {
  const tookMs: number[] = [];
  for (let id = 1; id <= 6; id++) {
    await context.fill(`post:${id}`, 'post:other', `author:${id}`, 'author:other');
    const startedMs = performance.now();
    await context.sql.rows('INSERT INTO authors VALUES ($1)', [id]);
    await waitUntilSettled(context, 30_000);
    tookMs.push(performance.now() - startedMs);
    expect(await context.keys()).toEqual(['author:other']);
  }
  for (const ms of tookMs.slice(0, 3)) expect(ms).toBeGreaterThanOrEqual(LIMIT_MS - 100);
  for (const ms of tookMs.slice(3)) expect(ms).toBeLessThan(LIMIT_MS / 2);

  expect(await daemon.metric('freshet_query_errors_total')).toBe(3);
  expect(await daemon.metric('freshet_queries_skipped_total')).toBe(3);
  const turns = daemon.log.map((line) => JSON.parse(line)).filter(({ remedy }) => /EXPLAIN/.test(remedy));
  expect(turns).toEqual([expect.objectContaining({ level: 'warn', rule: 'slow' })]);
});
