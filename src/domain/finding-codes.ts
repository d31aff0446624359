/**
 * What each code of a finding means, grouped by the severity that it has; two severities where that depends. The
 * page src/preflight/README.md is made of it: after an edit `node src/config/write-reference.ts`.
 */
export const FINDING_CODES = {
  error: {
    ACTION_WITHOUT_ROWS:
      'A rule of a materialized view has an action that takes rows, and a view has none: its keys could only be purged.',
    COLUMN_GENERATED: 'A rule reads a generated column that Postgres does not send.',
    COLUMN_MISSING: 'A rule reads a column that its table does not have.',
    CONDITION_INVALID: 'The condition of a rule does not fit the columns of its table.',
    IDENTITY_GENERATED:
      'The replica identity of a table holds a generated column that the publication leaves out: once the table is published, Postgres 18 refuses every UPDATE and DELETE on it.',
    IDENTITY_LACKS_COLUMN:
      'The old row of an UPDATE or DELETE does not carry a column that a rule needs of it, so that some keys could not be found.',
    IDENTITY_UNUSABLE:
      'A table has no usable replica identity: once it is published, Postgres refuses every UPDATE and DELETE on it.',
    POSTGRES_DENIED: 'Postgres refuses the role, its password or the database of `postgres.url`.',
    POSTGRES_UNREACHABLE: 'Postgres does not answer at `postgres.url`, so nothing about it was checked.',
    PUBLICATION_COLUMN_LIST:
      'The publication sends only some columns of a table; the values of the others are never seen.',
    PUBLICATION_LACKS_KIND:
      'The publication leaves out inserts, updates, deletes or truncates: such changes pass unseen.',
    PUBLICATION_NARROWED:
      'While `freshet run` was streaming, a table of a rule got a row filter or a column list: what that leaves out changes unseen.',
    PUBLICATION_ROW_FILTER:
      'The publication sends only those rows of a table that pass a filter; the others change unseen.',
    PUBLICATION_VIA_ROOT:
      'The publication has publish_via_partition_root on: Postgres then says nothing when a partition is truncated.',
    QUERY_DENIED: 'A query of a rule reads what the role of `postgres.url` may not.',
    QUERY_REFUSED: 'Postgres cannot plan a query of a rule: its syntax, a name or a type is wrong.',
    REDIS_CLUSTER: 'Redis runs in cluster mode, which is not supported yet.',
    REDIS_REPLICA: '`redis.url` names a replica, which accepts no deletes.',
    REDIS_TOO_OLD: 'Redis is older than 6.2.',
    REDIS_UNREACHABLE: 'Redis does not answer at `redis.url`, or does not let Freshet in.',
    REPLICA_DENIED: 'A server of `postgres.replicas` refuses the role, its password or the database.',
    REPLICA_NOT_IN_RECOVERY: 'A server of `postgres.replicas` is the primary itself, or was promoted.',
    REPLICA_OF_OTHER_SERVER: 'A server of `postgres.replicas` is no standby of the one at `postgres.url`.',
    REPLICATION_SLOTS_FULL: 'All of max_replication_slots are in use, so that no slot can be created.',
    ROLE_LACKS_REPLICATION: 'The role of `postgres.url` may not use replication slots.',
    SCORE_NOT_A_NUMBER: 'The score of a sorted set is a column that holds no numbers.',
    SERVER_IN_RECOVERY: '`postgres.url` names a standby; Freshet has to stream from the primary.',
    REDIS_UNKNOWN:
      'The user of `redis.url` may not run INFO, by which Freshet knows the server and notices another one.',
    SERVER_TOO_OLD: 'Postgres is older than 14.',
    SLOT_BEING_CREATED:
      'The slot is not ready before every transaction that was open when its creation began has ended; `freshet run` waits for that.',
    SLOT_LOST:
      'Postgres has given the slot up, usually because it was too far behind: the changes since then cannot be read any more.',
    SLOT_OTHER_DATABASE: 'The slot belongs to another database of the server.',
    SLOT_TEMPORARY: 'The slot goes, and its position with it, when the session that made it ends.',
    SLOT_WRONG_PLUGIN: 'The slot is not a logical one of pgoutput, so something else has made it.',
    SYNCHRONOUS_STANDBY:
      'synchronous_standby_names holds `*` or the name of Freshet: commits would wait for Freshet, which waits for them.',
    TABLE_FOREIGN_PARTITION: 'A partition of a table is on another server, whose changes cannot be seen.',
    TABLE_IS_PARTITION: 'A rule names a partition; it has to name the partitioned table.',
    TABLE_KIND: 'A rule names what has no changes of its own to follow, such as a view or a foreign table.',
    TABLE_MISSING: 'The table of a rule does not exist.',
    TABLE_TEMPORARY: 'The table of a rule is temporary: its changes are not replicated.',
    TABLE_UNLOGGED: 'A table, or a partition of it, is UNLOGGED: its changes are not in the WAL.',
    WAL_LEVEL: 'wal_level is not logical, so Postgres cannot stream changes.',
    WAL_SENDERS_FULL: 'All of max_wal_senders are in use, so that Postgres cannot serve another stream.',
  },
  warning: {
    CONDITION_FORGETS:
      'A condition asks only for the new row: an update that ends it leaves the keys as they were.',
    CONDITION_UNDECIDED:
      'A DELETE does not carry every column of a condition, which then counts as true: more keys are touched than need be.',
    DDL_CAPTURE_OUTDATED:
      'The event triggers that report migrations are of another version of Freshet, disabled or incomplete.',
    KEY_AMBIGUOUS: 'Two different rows could have the same key, because a separator may occur in the values.',
    KEY_OF_TWO_RULES:
      'Two rules write different things under the same keys, or one writes and one deletes: what is stored depends on the last change.',
    KEY_WITHOUT_PREFIX:
      'A key begins with a placeholder: the pattern that a TRUNCATE purges may match keys of others.',
    PATTERN_WITHOUT_PREFIX:
      'A pattern of `purgePattern` begins with a wildcard: it may match keys of others.',
    PLACEHOLDER_AS_TEXT:
      'The text of a template names a column as $id, {id}, {{id}} or %{id}: it stays as it is written, the same for every row.',
    PUBLICATION_AFTER_SLOT:
      'The publication was created or altered after the position of the slot: Postgres may refuse the changes in between (up to 17) or leave them out (from 18 on).',
    PUBLICATION_BREAKS_WRITES:
      'The publication holds tables that no rule names and that have no usable replica identity: Postgres refuses UPDATE and DELETE on them.',
    REDIS_NO_EVICTION:
      'Redis has a maxmemory and evicts nothing: once it is full, the application cannot store values any more.',
    REPLICA_DELAYED:
      'A replica replays with an intended delay: keys are deleted for good, and positions confirmed, that much later.',
    REPLICA_UNREACHABLE: 'A replica does not answer: until it does, nothing is confirmed to Postgres.',
    SERVER_UNTRIED: 'Postgres is newer than those that this release of Freshet was tried with.',
    SLOT_ENDANGERED: 'The slot is so far behind that the next checkpoint may remove the WAL that it needs.',
    TABLE_HAS_CHILDREN:
      'Other tables inherit from a table without being partitions; its rules do not cover their rows.',
    VALUE_NOT_FOLLOWED:
      'A rule stores values and does not listen to every kind of change: after the others a value stays old until its TTL ends.',
    WAL_UNBOUNDED:
      'max_slot_wal_keep_size has no limit: while Freshet is down, WAL may fill the disk of the database.',
  },
  info: {
    DDL_CAPTURE_ABSENT:
      'The event triggers that report migrations are not installed: migrations are noticed some seconds later, by a look at the catalog.',
    KEY_COLUMN_NULLABLE: 'A column of a key may be NULL; for such a row the key is skipped and counted.',
    KEY_WITHOUT_COLUMN:
      'A key has no column in it, so all rows share it, though a word of it names one, or the rule stores or asks for something of a single row.',
    READS_WHOLE_TABLE: 'A rule counts or reads rows by columns that no index begins with.',
    REPLICA_WAITS_FOR_QUERIES: 'A long query on a replica can hold up its replay, and confirmations with it.',
    SLOT_ACTIVE: 'Another process streams from the slot; `freshet run` stands by until that one ends.',
    TABLE_IS_MATVIEW:
      'A rule names a materialized view: all keys of the rule are purged when it is refreshed.',
    VALUE_LACKS_GENERATED: 'A rule stores all columns but the generated ones, which Postgres does not send.',
    VALUE_MAY_BE_UNSENT:
      'An UPDATE does not send a large value that it leaves alone; the key is then deleted instead of written.',
    WAL_SENDER_TIMEOUT:
      'wal_sender_timeout is off, so that a standby may wait long to take over, or so short that a stall ends the stream.',
  },
  /** Only noted where `postgres.createMissing` has `freshet run` create what is missing. */
  'error or info': {
    PUBLICATION_LACKS_TABLE: 'The publication does not hold a table that a rule names.',
    PUBLICATION_MISSING: 'The publication does not exist.',
    SLOT_MISSING: 'The slot does not exist.',
  },
  'warning or info': {
    KEY_TEXT_FORM:
      'Postgres writes a column of a key in a way of its own; the application has to build its keys from the same text.',
  },
} as const;

type Group = keyof typeof FINDING_CODES;
type CodeOf<Severities extends Group> = keyof (typeof FINDING_CODES)[Severities];

export type ErrorCode = CodeOf<'error'>;
export type FindingCode = { [Severities in Group]: CodeOf<Severities> }[Group];

/** A code with a severity that it may have. */
export type Grade = {
  [Severities in Group]: {
    /** Stable, for scripts and for searching src/preflight/README.md: `IDENTITY_LACKS_COLUMN`. */
    readonly code: CodeOf<Severities>;
    /** An error keeps `run` from starting. */
    readonly severity: Severities extends `${infer Grave} or ${infer Light}` ? Grave | Light : Severities;
  };
}[Group];
