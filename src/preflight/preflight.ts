import type { Settings } from '../config/settings.ts';
import type { Finding } from '../domain/finding.ts';
import type { Query } from '../domain/query.ts';
import type { Rule } from '../domain/rule.ts';
import { checkDdlCapture } from '../migrations/ddl-capture-state.ts';
import type { ReplicaFacts } from '../pipeline/capture/describe-replica.ts';
import type { RedisFacts } from '../pipeline/redis/describe-redis.ts';
import { checkConditions } from './check-conditions.ts';
import { checkHole } from './check-hole.ts';
import { checkIdentity } from './check-identity.ts';
import { checkKeyColumns } from './check-key-columns.ts';
import { checkPublication, type PublicationWanted } from './check-publication.ts';
import { checkQueries } from './check-queries.ts';
import { checkReadings } from './check-readings.ts';
import { checkRedis } from './check-redis.ts';
import { checkReplicas, readSystemId } from './check-replicas.ts';
import { checkServer } from './check-server.ts';
import { checkSharedKeys } from './check-shared-keys.ts';
import { checkSlot, type SlotWanted } from './check-slot.ts';
import { checkTables } from './check-tables.ts';
import { checkTemplates } from './check-templates.ts';
import { checkWrittenValues } from './check-written-values.ts';
import { type PostgresFacts, readPostgresFacts } from './postgres-facts.ts';

/** Of the settings, what the checks of Postgres go by. */
export type PostgresWanted = PublicationWanted & SlotWanted;

const SEVERITIES = ['error', 'warning', 'info'] as const;

/**
 * Asks the live server whether every rule can work, and judges what was learnt of Redis and of replicas.
 * @returns findings, errors first; within a severity in the order in which they are to be mended
 * @throws whatever `query` throws
 */
export async function preflight(
  rules: readonly Rule[],
  settings: Pick<Settings, 'postgres'>,
  query: Query,
  redis: RedisFacts,
  replicas: readonly ReplicaFacts[],
): Promise<readonly Finding[]> {
  const findings = await askPostgres(rules, settings.postgres, query);
  const systemId = replicas.length === 0 ? undefined : await readSystemId(query);
  return bySeverity([...findings, ...checkReplicas(replicas, systemId), ...checkRedis(redis)]);
}

/** What concerns Postgres alone, in the order in which it is to be mended. @throws whatever `query` throws */
export async function askPostgres(
  rules: readonly Rule[],
  wanted: PostgresWanted,
  query: Query,
): Promise<readonly Finding[]> {
  const facts = await readPostgresFacts(query, rules, wanted);
  return [...checkPostgres(facts, wanted), ...(await checkQueries(query, facts.tables))];
}

/** Pure: facts in, findings out, in the order in which they are to be mended: a table before its publication. */
export function checkPostgres(facts: PostgresFacts, wanted: PostgresWanted): readonly Finding[] {
  const { server, slot, publication, tables, allNames } = facts;
  const published = publication?.generatedColumns ?? false;
  return [
    ...checkServer(server, slot),
    ...checkTables(tables, allNames),
    ...checkKeyColumns(tables, published, server.version),
    ...checkTemplates(tables),
    ...checkSharedKeys(tables),
    ...checkWrittenValues(tables, published),
    ...checkReadings(tables),
    ...checkIdentity(tables, { version: server.version, published }),
    ...checkConditions(tables, { version: server.version, published }),
    ...checkPublication(publication, wanted, tables),
    ...checkSlot(slot, wanted, server),
    ...checkDdlCapture(facts.ddlCapture),
    ...checkHole(publication, slot),
  ];
}

export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  return SEVERITIES.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}
