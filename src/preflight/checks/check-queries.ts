import { FatalError, RetryableError } from '../../domain/errors.ts';
import type { Finding } from '../../domain/finding.ts';
import type { ErrorCode } from '../../domain/finding-codes.ts';
import type { KeyTemplate } from '../../domain/key-template.ts';
import type { Query } from '../../domain/query.ts';
import type { FanOut, Reading, Rule, RulePart } from '../../domain/rule.ts';
import type { SqlTemplate } from '../../domain/sql-template.ts';
import { fanOutQuery, fanOutValues } from '../../sql/fan-out-query.ts';
import { missingGrants } from '../../sql/missing-grants.ts';
import { offsetInQuery } from '../../sql/offset-in-query.ts';
import { readingOf } from '../../sql/reading-of.ts';
import { refreshQuery } from '../../sql/refresh-query.ts';
import { readTypeNames } from '../../sql/type-names.ts';
import type { RelationFacts } from '../facts/relation-facts.ts';
import type { RuledTable } from '../facts/ruled-table.ts';
import { isTable } from '../facts/ruled-table.ts';
import { type RemedyFields, type RemedyPart, sqlRemedy } from '../remedy/sql-remedy.ts';

/** A query of a rule, in the very text that will be run. */
interface WrittenQuery {
  readonly rule: Rule;
  readonly template: SqlTemplate;
  /** What the author wrote: the query, or the key that it was derived from. */
  readonly part: RulePart;
  /** `the query of post:${post_id}` */
  readonly what: string;
  readonly sql: string;
  readonly values: readonly unknown[];
}

/**
 * Has the server plan every query of every rule: names, types, privileges and the columns of the result are proved,
 * nothing is run.
 * @throws RetryableError when the server is away
 */
export async function checkQueries(query: Query, tables: readonly RuledTable[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { relation, rules } of tables) {
    if (relation === undefined || !isTable(relation)) continue;
    for (const rule of rules) {
      for (const written of await queriesOf(query, relation, rule)) {
        findings.push(...(await checkQuery(query, written)));
      }
    }
  }
  return findings;
}

/** Those whose parameters exist; the others have a finding of their own. */
async function queriesOf(
  query: Query,
  relation: RelationFacts,
  rule: Rule,
): Promise<readonly WrittenQuery[]> {
  const isBound = ({ columns }: SqlTemplate): boolean =>
    columns.every((name) => relation.columns.some((column) => column.name === name));
  const fanOuts = rule.fanOuts.filter(({ each }) => isBound(each));
  const written = await Promise.all(fanOuts.map((fanOut) => writeFanOut(query, relation, rule, fanOut)));
  // That of `refresh` is the same for all keys.
  const readings = new Map(
    rule.keys.flatMap((key) => {
      const reading = readingOf(rule, key);
      return reading === undefined ? [] : [[reading.query.source, { reading, key }] as const];
    }),
  );
  const bound = [...readings.values()].filter(({ reading }) => isBound(reading.query));
  return [
    ...written,
    ...bound.map(({ reading, key }) => writeReading(rule, reading, key)),
    ...writeVerification(rule),
  ];
}

/** Bound to columns of a key, which may be those of a fan-out: there is always a text for them. */
function writeVerification(rule: Rule): readonly WrittenQuery[] {
  if (rule.verify === undefined) return [];
  const { query: template, as } = rule.verify;
  const sql = refreshQuery(template, as);
  return [{ rule, template, part: template, what: 'the query of verify', sql, values: nullsFor(template) }];
}

async function writeFanOut(
  query: Query,
  relation: RelationFacts,
  rule: Rule,
  fanOut: FanOut,
): Promise<WrittenQuery> {
  const oids = fanOut.each.parameters.map(
    (name) => relation.columns.find((column) => column.name === name)?.typeOid ?? 0,
  );
  return {
    rule,
    template: fanOut.each,
    part: fanOut.each,
    what: `the query of ${fanOut.key.source}`,
    sql: fanOutQuery(fanOut, await readTypeNames(query, oids)),
    values: fanOutValues(fanOut, [nullsFor(fanOut.each)]),
  };
}

function writeReading(rule: Rule, { query: template, as }: Reading, key: KeyTemplate): WrittenQuery {
  const isWritten = rule.action.kind === 'refresh';
  const what = isWritten ? 'the query of refresh' : `${rule.action.kind}: ${template.source}`;
  const sql = refreshQuery(template, as);
  return { rule, template, part: isWritten ? template : key, what, sql, values: nullsFor(template) };
}

function nullsFor({ parameters }: SqlTemplate): readonly null[] {
  return parameters.map(() => null);
}

async function checkQuery(query: Query, written: WrittenQuery): Promise<readonly Finding[]> {
  const { rule, template, part, what, sql, values } = written;
  const report = (
    code: ErrorCode,
    message: string,
    remedy: RemedyFields = {},
    offset = 0,
  ): readonly Finding[] => [
    {
      code,
      severity: 'error',
      subject: `rule ${rule.name}`,
      message: `${what} ${message} (${rule.at(part, offset)})`,
      ...remedy,
    },
  ];
  const statement = `EXPLAIN ${sql}`;
  try {
    await query(statement, values);
    return [];
  } catch (error) {
    if (error instanceof RetryableError) throw error;
    if (error instanceof FatalError) {
      const grants = await missingGrants(query, template);
      return report('QUERY_DENIED', 'reads what this role may not', sqlRemedy(grants.map(grantPart)));
    }
    const reason = error instanceof Error ? error.message : String(error);
    const offset = part === template ? offsetInQuery(template, statement, positionOf(error)) : undefined;
    return report('QUERY_REFUSED', `is refused by Postgres: ${reason}`, hintOf(error), offset);
  }
}

/** What else lets a role read, BYPASSRLS, takes a superuser. */
function grantPart(sql: string): RemedyPart {
  return sql.startsWith('GRANT ') ? { kind: 'grant', sql } : sql;
}

/** Where Postgres sees the fault; 0 where it says nothing of it. */
function positionOf(error: unknown): number {
  return error instanceof Error && 'position' in error ? Number(error.position) : 0;
}

/** Postgres' own, where it has one: "Perhaps you meant to reference the column ...". */
function hintOf(error: unknown): RemedyFields {
  if (!(error instanceof Error) || !('hint' in error) || typeof error.hint !== 'string') return {};
  return { remedy: error.hint };
}
