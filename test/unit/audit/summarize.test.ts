import { describe, expect, test } from 'vitest';
import { auditTemplates } from '../../../src/audit/audited-template.ts';
import type { Judged, Verdict } from '../../../src/audit/auditor.ts';
import { formatReport } from '../../../src/audit/format-report.ts';
import { Reservoir } from '../../../src/audit/reservoir.ts';
import { nines, summarize } from '../../../src/audit/summarize.ts';
import { type TemplateResult, verifyKeys } from '../../../src/audit/verify-keys.ts';
import { parseRules } from '../../../src/config/load-rules.ts';

function rulesOf(...specs: readonly Readonly<Record<string, unknown>>[]) {
  return specs.flatMap((spec, index) =>
    parseRules(
      JSON.stringify({
        apiVersion: 'freshet.dev/v1',
        kind: 'CacheRule',
        metadata: { name: `rule-${index}` },
        spec: { table: 'public.posts', ...spec },
      }),
      'rules.yaml',
    ),
  );
}

const REFRESH_QUERY = { query: 'SELECT * FROM posts WHERE id = ${id}' };
const REFRESH = { ...REFRESH_QUERY, ttl: '1h' };

function resultOf(
  found: number,
  verdicts: readonly Verdict[],
  { livesForEver = false, ambiguous = 0 } = {},
): TemplateResult {
  const [template] = auditTemplates(rulesOf({ keys: ['post:${id}'], refresh: REFRESH })).audited;
  if (template === undefined) throw new Error('the rule has a query');
  const judged = verdicts.map(
    (verdict, index): Judged => ({
      key: `post:${index}`,
      template,
      values: [],
      verdict,
      ttlMs: livesForEver ? undefined : 60_000,
    }),
  );
  return { template, found, judged, ambiguous };
}

const CONSISTENT: Verdict = { kind: 'consistent', afterMs: 0 };
const STALE: Verdict = { kind: 'stale', how: 'differs in price' };

describe('what can be verified', () => {
  test('every template whose key tells what its query needs', () => {
    const { audited, unaudited } = auditTemplates(
      rulesOf(
        { keys: ['post:${id}', 'slug:${slug}', 'low:${id|lower}'], refresh: REFRESH },
        { keys: ['plain:${id}'] },
        { keys: ['count:${author}'], counter: { count: {}, ttl: '1h' } },
        { keys: ['top:${author}'], sortedSet: { member: '${id}', score: 'likes', ttl: '1h' } },
        { keys: ['shadow:${id}'], refresh: REFRESH, mode: 'shadow' },
      ),
    );
    expect(audited.map(({ template }) => template)).toEqual([
      'post:${id}',
      'count:${author}',
      'top:${author}',
    ]);
    expect(unaudited.map(({ template, reason }) => [template, reason])).toEqual([
      ['slug:${slug}', 'the query needs id, which is not in the key'],
      ['low:${id|lower}', 'a filter in the key cannot be undone'],
      ['plain:${id}', expect.stringContaining('verify')],
    ]);
  });

  test('a query is bound to what the key says, in the order of its parameters', () => {
    const [template] = auditTemplates(
      rulesOf({
        keys: ['p:${a}:${b}'],
        refresh: { query: 'SELECT 1 FROM t WHERE b = ${b} AND a = ${a} OR b = ${b}', ttl: '1h' },
      }),
    ).audited;
    expect(template?.valuesOf('p:1:2')).toEqual(['2', '1', '2']);
    expect(template?.valuesOf('q:1:2')).toBeUndefined();
  });
});

describe('a key that fits several templates is of the one with most text of its own', () => {
  const { ownerOf } = auditTemplates(
    rulesOf(
      { keys: ['post:${id}'], refresh: REFRESH },
      { keys: ['post:${id}:likes'], verify: REFRESH_QUERY },
      { keys: ['post:${slug|lower}:page'] },
      { keys: ['post:${id}'] },
      { keys: ['post:*:${id}:all'], purgePattern: {} },
    ),
  );
  test.each([
    ['post:7', 'post:${id}'],
    ['post:7:likes', 'post:${id}:likes'],
    ['post:*:7:all', 'post:${id}'],
    ['post:tea:page', undefined],
    ['page:7', undefined],
  ])('%s is of %s', (key, template) => {
    expect(ownerOf(key)?.template.template).toBe(template);
  });
});

describe('a key of a rule that is not audited is not taken for one of a rule that is', () => {
  const pages = { keys: ['page:${slug}'], verify: { query: 'SELECT 1 WHERE ${slug} = 1' } };
  const comments = { keys: ['page:${slug}:comments'], verify: pages.verify };
  test('where it was not asked for', () => {
    const { audited, unaudited, ownerOf } = auditTemplates(rulesOf(pages, comments, { keys: ['x:${y}'] }), [
      'rule-0',
    ]);
    expect(audited.map(({ template }) => template)).toEqual(['page:${slug}']);
    expect(unaudited).toEqual([]);
    expect(ownerOf('page:home')?.template.template).toBe('page:${slug}');
    expect(ownerOf('page:home:comments')).toBeUndefined();
  });

  test('where it is a shadow', () => {
    const { audited, ownerOf } = auditTemplates(rulesOf(pages, { ...comments, mode: 'shadow' }));
    expect(audited.map(({ template }) => template)).toEqual(['page:${slug}']);
    expect(ownerOf('page:home:comments')).toBeUndefined();
  });

  test('but the same template of both is the one that is', () => {
    const { ownerOf } = auditTemplates(rulesOf({ ...pages, mode: 'shadow' }, pages));
    expect(ownerOf('page:home')?.template.rule).toBe('rule-1');
  });
});

test('keys that a template could have built from several rows are counted', async () => {
  const { audited, ownerOf } = auditTemplates(
    rulesOf({ keys: ['pair:${x}:${y}'], verify: { query: 'SELECT 1 WHERE ${x} = ${y}' } }),
  );
  const results = await verifyKeys({
    templates: audited,
    ownerOf,
    sample: 1,
    scan: async (_pattern, onKeys) => onKeys(['pair:a:b', 'pair:a:b:c', 'pair:a::b', 'other:a:b:c']),
    auditor: { judge: async (keys) => keys.map((key) => ({ ...key, ttlMs: 1, verdict: CONSISTENT })) },
    onProgress: () => {},
  });
  expect(summarize(results)).toMatchObject({
    compared: 1,
    ambiguous: 2,
    templates: [{ found: 1, compared: 1, ambiguous: 2 }],
  });
});

/** Without colours. */
function report(result: TemplateResult): string {
  const summary = summarize([result]);
  const staleKeys = summary.stale.map((judged) => ({ ...judged, writtenAt: '0/16B3748' }));
  return formatReport(
    { ...summary, slot: 'shop', staleKeys, unaudited: [], repaired: 0 },
    (_look, text) => text,
  );
}

describe('the answer', () => {
  test('of all keys it is what was counted', () => {
    const summary = summarize([resultOf(1_000, [...Array.from({ length: 999 }, () => CONSISTENT), STALE])]);
    expect(summary).toMatchObject({ compared: 1_000, staleShareAtMost: 0.001, isWhole: true });
    expect(summary.stale.map(({ key }) => key)).toEqual(['post:999']);
    expect(nines(summary.staleShareAtMost)).toBe(3);
  });

  test('of a sample it allows for what was not looked at', () => {
    const { staleShareAtMost } = summarize([
      resultOf(
        50_000,
        Array.from({ length: 1_000 }, () => CONSISTENT),
      ),
    ]);
    // The rule of three says 3 in 1,000; Wilson's limit is a little below.
    expect(staleShareAtMost).toBeGreaterThan(0.0026);
    expect(staleShareAtMost).toBeLessThan(0.003);
  });

  test('absent and undecided keys are not compared; the slowest difference is told', () => {
    const verdicts: readonly Verdict[] = [
      CONSISTENT,
      { kind: 'consistent', afterMs: 300 },
      { kind: 'absent' },
      { kind: 'undecided' },
    ];
    const { templates } = summarize([resultOf(4, verdicts)]);
    expect(templates).toMatchObject([{ compared: 2, undecided: 1, stale: 0, consistentWithinMs: 300 }]);
  });

  test('a person reads it', () => {
    expect(report(resultOf(2, [CONSISTENT, STALE], { livesForEver: true }))).toBe(
      [
        'post:${id} (rule rule-0): 2 keys found, 2 compared, 1 stale, 2 without a TTL',
        '',
        'stale',
        '  post:1  rule rule-0, differs in price, never expires, written by Freshet for the commit at 0/16B3748',
        '',
        'without a TTL',
        '  post:0  rule rule-0',
        '  post:1  rule rule-0',
        '',
        '0 nines: 1 of 2 keys consistent within 0.0 s',
        '',
      ].join('\n'),
    );
    expect(report(resultOf(1, [CONSISTENT]))).toContain('\n1 of 1 key consistent within 0.0 s\n');
    expect(report(resultOf(0, []))).toContain('nothing to compare');
  });

  test('what could not be told is said, and not that there was nothing', () => {
    const undecided: Verdict = { kind: 'undecided' };
    expect(report(resultOf(1, [undecided]))).toBe(
      [
        'post:${id} (rule rule-0): 1 key found, 0 compared, 0 stale, 1 undecided',
        '',
        '1 key differs and is undecided: does the daemon run on slot shop?',
        '',
      ].join('\n'),
    );
    expect(report(resultOf(3, [undecided, CONSISTENT, undecided]))).toMatch(
      /\n2 keys differ and are undecided: does the daemon run on slot shop\?\n.*1 of 1 key consistent/,
    );
    expect(summarize([resultOf(1, [undecided])])).toMatchObject({ isWhole: false, staleShareAtMost: 1 });
  });

  test('ambiguous keys are said too', () => {
    expect(report(resultOf(1, [CONSISTENT], { ambiguous: 2 }))).toContain('0 stale, 2 ambiguous\n');
  });
});

test('a reservoir gives everything that passes by the same chance', () => {
  const counts = Array.from({ length: 20 }, () => 0);
  let seed = 1;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 2_000; round++) {
    const reservoir = new Reservoir<number>(5, random);
    for (let item = 0; item < 20; item++) reservoir.offer(item);
    expect(reservoir).toMatchObject({ seen: 20 });
    for (const item of reservoir.kept) counts[item] = (counts[item] ?? 0) + 1;
  }
  // A quarter of 2,000, give or take five standard deviations.
  for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(100);
});
