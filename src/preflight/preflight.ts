import type { Settings } from '../config/settings.ts';
import { bySeverity, type Finding } from '../domain/finding.ts';
import type { Query } from '../domain/query.ts';
import type { Rule } from '../domain/rule.ts';
import { checkDdlCapture } from '../migrations/ddl-capture-state.ts';
import type { ReplicaFacts } from '../pipeline/capture/describe-replica.ts';
import type { RedisFacts } from '../pipeline/redis/describe-redis.ts';
import { checkConditions } from './checks/check-conditions.ts';
import { checkHole } from './checks/check-hole.ts';
import { checkIdentity } from './checks/check-identity.ts';
import { checkKeyColumns } from './checks/check-key-columns.ts';
import { checkPlaceholders } from './checks/check-placeholders.ts';
import { checkPublication, type PublicationWanted } from './checks/check-publication.ts';
import { checkQueries } from './checks/check-queries.ts';
import { checkReadings } from './checks/check-readings.ts';
import { checkRedis } from './checks/check-redis.ts';
import { checkReplicas, readSystemId } from './checks/check-replicas.ts';
import { checkServer } from './checks/check-server.ts';
import { checkSharedKeys } from './checks/check-shared-keys.ts';
import { checkSlot, type SlotWanted } from './checks/check-slot.ts';
import { checkTables } from './checks/check-tables.ts';
import { checkTemplates } from './checks/check-templates.ts';
import { checkWrittenValues } from './checks/check-written-values.ts';
import { type PostgresFacts, readPostgresFacts } from './facts/postgres-facts.ts';

/** Of the settings, what the checks of Postgres go by. */
export type PostgresWanted = PublicationWanted & SlotWanted;

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
    ...checkPlaceholders(tables),
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
