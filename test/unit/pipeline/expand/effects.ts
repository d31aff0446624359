import type { Batch } from '../../../../src/domain/batch.ts';
import type { CacheKey, Effect, KeyEffect } from '../../../../src/domain/effect.ts';
import { effectName } from '../../../../src/domain/effect-name.ts';
import { toLsn } from '../../../../src/domain/lsn.ts';
import type { Query } from '../../../../src/domain/query.ts';
import type { Rule } from '../../../../src/domain/rule.ts';
import { readingOf } from '../../../../src/sql/reading-of.ts';
import { originOf } from '../../../../src/template/origin-of.ts';
import { ruleOn } from '../rule-on.ts';

type FanOutEffect = Extract<Effect, { kind: 'fanOut' }>;
type RefreshEffect = Extract<Effect, { kind: 'refresh' }>;

/** An effect of a rule's only fan-out. */
export function fanOut(rule: Rule, ...values: readonly (string | null)[]): FanOutEffect {
  const { action } = rule;
  const [first] = rule.fanOuts;
  if (first === undefined || !(action.kind === 'delete' || action.kind === 'publish'))
    throw new Error('the rule has no fan-out, or one that is not tested here');
  const typeOids = values.map(() => 23);
  return { kind: 'fanOut', fanOut: first, values, typeOids, action, origin: originOfFirst(rule) };
}

/** Object by rule: batches tell templates apart by it. */
const origins = new WeakMap<Rule, ReturnType<typeof originOf>>();

function originOfFirst(rule: Rule): ReturnType<typeof originOf> {
  const template = rule.keys[0] ?? rule.fanOuts[0]?.key;
  if (template === undefined) throw new Error('the rule has no keys');
  const origin = origins.get(rule) ?? originOf(rule, template);
  origins.set(rule, origin);
  return origin;
}

export function refresh(rule: Rule, key: string, ...values: readonly (string | null)[]): RefreshEffect {
  const { action } = rule;
  if (action.kind !== 'refresh') throw new Error('the rule does not refresh');
  const version = { epoch: 1, commitLsn: 2n, ordinal: 3 };
  return { kind: 'refresh', key: key as CacheKey, action, values, version, origin: originOfFirst(rule) };
}

/** What a change of a rule of sorted sets with `always` becomes. */
export function changeOf(rule: Rule, key: string, team: string): RefreshEffect {
  const [template] = rule.keys;
  const action = template && readingOf(rule, template);
  if (action === undefined) throw new Error('the rule reads no set');
  return {
    kind: 'refresh',
    key: key as CacheKey,
    action,
    values: [team, team],
    part: { op: 'sortedSet', members: new Map([['x', '1']]), isComplete: false, expiry: action.expiry },
    version: { epoch: 1, commitLsn: 2n, ordinal: 3 },
    origin: originOfFirst(rule),
  };
}

export function deletion(rule: Rule, key: string): KeyEffect {
  return { kind: 'delete', key: key as CacheKey, origin: originOfFirst(rule) };
}

/** A rule on authors that deletes what the query finds. */
export function fanOutRule(each: string, key: string, spec: Readonly<Record<string, unknown>> = {}): Rule {
  return ruleOn('public.authors', [{ each, key, maxRows: 3 }], { name: 'author', ...spec });
}

export function refreshRule(spec: Readonly<Record<string, unknown>> = {}): Rule {
  const query = 'SELECT * FROM products WHERE id = ${id}';
  return ruleOn('public.products', ['product:${id}'], { refresh: { query, ttl: '1h', ...spec } });
}

/** What is asked of it is kept; answers what it is told. */
export class Asked {
  readonly statements: { readonly sql: string; readonly values: readonly unknown[] }[] = [];
  #atOnce = 0;
  mostAtOnce = 0;

  /** @param answer rows, or an error to be thrown */
  constructor(answer: (sql: string, values: readonly unknown[]) => readonly object[] | Error) {
    this.query = async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      this.#atOnce--;
      if (sql.includes('format_type')) {
        this.typeQuestions++;
        return [values[0]].flat().map(() => ({ type: 'integer' })) as unknown as readonly Row[];
      }
      this.statements.push({ sql, values });
      const rows = answer(sql, values);
      if (rows instanceof Error) throw rows;
      return rows as readonly Row[];
    };
  }

  readonly query: Query;
  typeQuestions = 0;
}

export function batchOf(...effects: readonly Effect[]): Batch {
  const keys = new Map<CacheKey, KeyEffect>();
  const purges: [string, Extract<Effect, { kind: 'purge' }>][] = [];
  const messages: [string, Extract<Effect, { kind: 'publish' }>][] = [];
  const fanOuts: [string, FanOutEffect][] = [];
  for (const effect of effects) {
    if (effect.kind === 'purge') purges.push([effectName(effect), effect]);
    else if (effect.kind === 'publish') messages.push([effectName(effect), effect]);
    else if (effect.kind === 'fanOut') fanOuts.push([effectName(effect), effect]);
    else keys.set(effect.key, effect);
  }
  return {
    keys,
    purges: new Map(purges),
    messages: new Map(messages),
    fanOuts: new Map(fanOuts),
    isOrdered: true,
    commits: new Map([[1, toLsn(1n)]]),
    position: undefined,
    oldestCommitMs: undefined,
    bytes: 0,
  };
}
