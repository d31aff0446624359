import { parseRules } from '../../../src/config/load-rules.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import { TYPE_OIDS } from '../../../src/domain/type-oids.ts';
import type { PostgresFacts } from '../../../src/preflight/facts/postgres-facts.ts';
import type { PublicationFacts, PublishedTable } from '../../../src/preflight/facts/publication-facts.ts';
import type { ColumnFacts, RelationFacts } from '../../../src/preflight/facts/relation-facts.ts';
import type { RuledTable } from '../../../src/preflight/facts/ruled-table.ts';
import type { ServerFacts } from '../../../src/preflight/facts/server-facts.ts';
import type { SlotFacts } from '../../../src/preflight/facts/slot-facts.ts';

/** A server without a fault. */
export const SERVER: ServerFacts = {
  version: 170_004,
  walLevel: 'logical',
  inRecovery: false,
  database: 'shop',
  role: 'freshet',
  mayReplicate: true,
  slots: { used: 0, max: 10 },
  walSenders: { used: 0, max: 10 },
  maxSlotWalKeepSizeMb: 10_240,
  walSenderTimeoutMs: 60_000,
  synchronousStandbyNames: '',
  applicationName: 'freshet',
};

export const SLOT: SlotFacts = {
  name: 'freshet',
  type: 'logical',
  plugin: 'pgoutput',
  database: 'shop',
  temporary: false,
  activePid: null,
  walStatus: 'reserved',
  invalidationReason: null,
  catalogAge: 10,
  complete: true,
};

export const WANTED = { slot: 'freshet', publication: 'freshet', createMissing: false } as const;

export const PUBLICATION: PublicationFacts = {
  name: 'freshet',
  allTables: false,
  inserts: true,
  updates: true,
  deletes: true,
  truncates: true,
  viaRoot: false,
  generatedColumns: false,
  age: 20,
  tables: [],
};

export function published(name: string, facts: Partial<PublishedTable> = {}): PublishedTable {
  return {
    schema: 'public',
    name,
    isListed: true,
    rowFilter: false,
    columnList: false,
    hasIdentity: true,
    ...facts,
  };
}

/** A rule on public.posts. @param action field of `spec` with its value, in YAML */
export function rule(
  keys: readonly string[],
  on = 'insert, update, delete, truncate',
  name = 'post',
  action = 'delete: {}',
): Rule {
  const text = [
    'apiVersion: freshet.dev/v1',
    'kind: CacheRule',
    `metadata: {name: ${name}}`,
    'spec:',
    '  table: public.posts',
    `  keys: ${JSON.stringify(keys)}`,
    `  on: [${on}]`,
    `  ${action}`,
  ];
  const [parsed] = parseRules(text.join('\n'), 'rules.yaml');
  if (parsed === undefined) throw new Error('no rule was parsed');
  return parsed;
}

const OID_BY_NAME: ReadonlyMap<string, number> = new Map(Object.entries(TYPE_OIDS));

export function column(name: string, type = 'int8', facts: Partial<ColumnFacts> = {}): ColumnFacts {
  return {
    name,
    typeOid: OID_BY_NAME.get(type) ?? 0,
    type,
    sqlType: type,
    typeKind: 'b',
    isArray: false,
    notNull: true,
    isToastable: ['text', 'varchar', 'jsonb', 'bytea'].includes(type),
    generated: null,
    ...facts,
  };
}

/** posts (id int8 PRIMARY KEY, tenant text NOT NULL, slug text NOT NULL) */
export function relation(facts: Partial<RelationFacts> = {}): RelationFacts {
  return {
    oid: 4711,
    schema: 'public',
    name: 'posts',
    kind: 'r',
    persistence: 'p',
    root: null,
    hasChildren: false,
    identity: 'default',
    identityColumns: ['id'],
    columns: [column('id'), column('tenant', 'text'), column('slug', 'text')],
    uniqueIndexes: [{ name: 'posts_pkey', primary: true, columns: ['id'] }],
    indexNames: ['posts_pkey'],
    unfinishedIndexes: [],
    indexedColumns: [['id']],
    ...facts,
  };
}

export function ruled(rules: readonly Rule[], facts: Partial<RelationFacts> = {}): RuledTable {
  const found = relation(facts);
  return { name: { schema: 'public', name: 'posts' }, rules, relation: found, leaves: [found] };
}

/** Of a server on which nothing was set up yet. */
export function untouched(...tables: readonly RuledTable[]): PostgresFacts {
  return {
    server: SERVER,
    slot: undefined,
    publication: undefined,
    tables,
    allNames: [],
    ddlCapture: 'absent',
  };
}
