import { describe, expect, test } from 'vitest';
import { parseRules } from '../../../../src/config/load-rules.ts';
import { FatalError, RetryableError } from '../../../../src/domain/errors.ts';
import type { Query } from '../../../../src/domain/query.ts';
import type { Rule } from '../../../../src/domain/rule.ts';
import { checkQueries } from '../../../../src/preflight/checks/check-queries.ts';
import { ruled } from '../facts.ts';

/** A rule on posts (id int8, tenant text, slug text). */
function ruleWith(spec: Readonly<Record<string, unknown>>): Rule {
  const [rule] = parseRules(
    JSON.stringify({
      apiVersion: 'freshet.dev/v1',
      kind: 'CacheRule',
      metadata: { name: 'post' },
      spec: { table: 'public.posts', keys: ['post:${id}'], ...spec },
    }),
    'rules.yaml',
  );
  if (rule === undefined) throw new Error('no rule was parsed');
  return rule;
}

const FAN_OUT = ruleWith({
  keys: [{ each: 'SELECT id AS n FROM likes WHERE post = ${id} AND by = ${tenant}', key: 'like:${n}' }],
});
const REFRESH = ruleWith({ refresh: { query: 'SELECT * FROM posts WHERE id = ${id}', ttl: '1h' } });

interface Server {
  readonly query: Query;
  readonly planned: { readonly sql: string; readonly values: readonly unknown[] }[];
}

/** A server that plans everything, or refuses with this. */
function server(refusal?: Error): Server {
  const planned: Server['planned'] = [];
  const query: Query = async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
    const answer = (rows: readonly object[]) => rows as readonly Row[];
    if (sql.includes('format_type'))
      return answer([values[0]].flat().map((oid) => ({ type: `type_${String(oid)}` })));
    if (sql.includes('has_table_privilege'))
      return answer([{ sql: 'GRANT SELECT ON public.likes TO freshet;' }]);
    planned.push({ sql, values });
    if (refusal !== undefined) throw refusal;
    return [];
  };
  return { query, planned };
}

describe('checkQueries', () => {
  test('plans every query and runs none', async () => {
    const { query, planned } = server();
    expect(await checkQueries(query, [ruled([FAN_OUT, REFRESH])])).toEqual([]);
    expect(planned.map(({ values }) => values)).toEqual([[[null], [null]], [null]]);
    for (const { sql } of planned) expect(sql).toMatch(/^EXPLAIN SELECT /);
    expect(planned[0]?.sql).toContain('(freshet_row.p0::type_20) AND by = (freshet_row.p1::type_25)');
  });

  test('reports what Postgres says, and its hint', async () => {
    const hint = 'Perhaps you meant to reference the column "likes.post_id".';
    const refusal = Object.assign(new Error('column "post" does not exist'), { code: '42703', hint });
    expect(await checkQueries(server(refusal).query, [ruled([FAN_OUT])])).toEqual([
      {
        code: 'QUERY_REFUSED',
        severity: 'error',
        subject: 'rule post',
        message:
          'the query of like:${n} is refused by Postgres: column "post" does not exist (rules.yaml:1:126)',
        remedy: hint,
      },
    ]);
  });

  test('points at the place that Postgres names', async () => {
    const { query, planned } = server();
    await checkQueries(query, [ruled([REFRESH])]);
    const position = String((planned[0]?.sql.indexOf('posts WHERE') ?? 0) + 1);
    const refusal = Object.assign(new Error('no such relation'), { position });
    const [finding] = await checkQueries(server(refusal).query, [ruled([REFRESH])]);
    expect(finding?.message).toContain('no such relation (rules.yaml:1:165)');
  });

  test('names the GRANT where the role may not read', async () => {
    const denied = new FatalError('DENIED', 'Postgres refuses this role', 'ask somebody');
    expect(await checkQueries(server(denied).query, [ruled([REFRESH])])).toMatchObject([
      {
        code: 'QUERY_DENIED',
        severity: 'error',
        remedy: 'GRANT SELECT ON public.likes TO freshet;',
        statements: [{ kind: 'grant', sql: 'GRANT SELECT ON public.likes TO freshet;' }],
      },
    ]);
  });

  test('leaves a server that is away to the caller', async () => {
    const { query } = server(new RetryableError('away'));
    await expect(checkQueries(query, [ruled([REFRESH])])).rejects.toThrow('away');
  });

  test('asks nothing where a parameter or the table does not exist: those have their own findings', async () => {
    const { query, planned } = server();
    const lost = ruleWith({ keys: [{ each: 'SELECT ${gone} AS n', key: 'like:${n}' }] });
    await checkQueries(query, [
      ruled([lost]),
      { name: REFRESH.table, rules: [REFRESH], relation: undefined, leaves: [] },
    ]);
    expect(planned).toEqual([]);
  });
});
