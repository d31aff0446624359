import { expect, test } from 'vitest';
import { auditTemplates } from '../../../src/audit/audited-template.ts';
import type { AuditedKey, Judged } from '../../../src/audit/auditor.ts';
import { ContinuousAudit } from '../../../src/audit/continuous-audit.ts';
import { parseRules } from '../../../src/config/load-rules.ts';
import type { CacheKey, KeyEffect } from '../../../src/domain/effect.ts';

const AUDIT = auditTemplates(
  parseRules(
    JSON.stringify({
      apiVersion: 'freshet.dev/v1',
      kind: 'CacheRule',
      metadata: { name: 'post' },
      spec: { table: 'public.posts', keys: ['post:${id}'], verify: { query: 'SELECT 1 WHERE ${id} = 1' } },
    }),
    'rules.yaml',
  ),
);

function deletes(rule: string, ...keys: readonly string[]): { keys: ReadonlyMap<CacheKey, KeyEffect> } {
  const origin = { rule, template: 'post:${id}', pattern: 'post:*' };
  return {
    keys: new Map(keys.map((key) => [key as CacheKey, { kind: 'delete', key: key as CacheKey, origin }])),
  };
}

/** Runs until so many keys were judged or faults were told. */
async function run(
  randomKey: () => string | undefined,
  until: number,
  prepare: (audit: ContinuousAudit) => void = () => {},
  audited = AUDIT,
): Promise<readonly string[]> {
  const seen: string[] = [];
  const over = new AbortController();
  const note = (what: string): void => {
    seen.push(what);
    if (seen.length === until) over.abort();
  };
  const audit = new ContinuousAudit({
    templates: audited.audited,
    ownerOf: audited.ownerOf,
    auditor: {
      judge: async (keys: readonly AuditedKey[]): Promise<readonly Judged[]> =>
        keys.map((key) => ({ ...key, ttlMs: 1, verdict: { kind: 'absent' } })),
    },
    randomKey: async () => {
      const key = randomKey();
      if (key === 'away') throw new Error('away');
      return key;
    },
    intervalMs: 1,
    onJudged: ({ key, values }) => note(`${key} ${values.join()}`),
    onFault: (error) => note(error instanceof Error ? error.message : ''),
  });
  prepare(audit);
  await expect(audit.run(over.signal)).rejects.toThrow();
  return seen;
}

test('keys that were touched and keys that are cached are looked at in turn', async () => {
  const seen = await run(
    () => 'post:9',
    4,
    (audit) => audit.offer(deletes('post', 'post:1', 'post:2')),
  );
  expect(new Set([seen[0], seen[2]])).toEqual(new Set(['post:1 1', 'post:2 2']));
  expect([seen[1], seen[3]]).toEqual(['post:9 9', 'post:9 9']);
});

test('keys of other rules and of nobody are left alone, and a fault ends nothing', async () => {
  const keys = ['session:1', undefined, 'away', 'post:3'];
  const seen = await run(
    () => keys.shift(),
    2,
    (audit) => audit.offer(deletes('other', 'post:1')),
  );
  expect(seen).toEqual(['away', 'post:3 3']);
});

test('a key that could be of several rows is nothing to look at', async () => {
  const pairs = auditTemplates(
    parseRules(
      JSON.stringify({
        apiVersion: 'freshet.dev/v1',
        kind: 'CacheRule',
        metadata: { name: 'pair' },
        spec: { table: 'public.pairs', keys: ['pair:${x}:${y}'], verify: { query: 'SELECT ${x}, ${y}' } },
      }),
      'rules.yaml',
    ),
  );
  const keys = ['pair:a:b:c', undefined, 'pair:a:b'];
  const seen = await run(() => keys.shift(), 1, undefined, pairs);
  expect(seen).toEqual(['pair:a:b a,b']);
});
