import type { Finding } from '../../domain/finding.ts';
import type { ErrorCode } from '../../domain/finding-codes.ts';
import { quoteIdentifier } from '../../domain/table.ts';
import type { Capacity, ServerFacts } from '../facts/server-facts.ts';
import type { SlotFacts } from '../facts/slot-facts.ts';

const OLDEST_VERSION = 140_000;
/** The first version that was not tried. */
const NEXT_VERSION = 190_000;
/** Below this a busy moment of the daemon or of the network ends the stream. */
const SHORT_SENDER_TIMEOUT_MS = 10_000;

/** Whether the server can stream to this role at all. An existing slot, and its walsender, take no new place. */
export function checkServer(server: ServerFacts, slot: SlotFacts | undefined): readonly Finding[] {
  return [
    ...checkVersion(server),
    ...checkWal(server),
    ...checkRole(server),
    ...(slot === undefined
      ? checkCapacity('REPLICATION_SLOTS_FULL', 'max_replication_slots', 'replication slots', server.slots)
      : []),
    ...(slot?.activePid == null
      ? checkCapacity('WAL_SENDERS_FULL', 'max_wal_senders', 'walsenders', server.walSenders)
      : []),
    ...checkSenderTimeout(server),
    ...checkSynchronousStandbys(server),
  ];
}

function checkVersion({ version }: ServerFacts): readonly Finding[] {
  const release = Math.floor(version / 10_000);
  const subject = `Postgres ${release}`;
  if (version < OLDEST_VERSION)
    return [
      {
        code: 'SERVER_TOO_OLD',
        severity: 'error',
        subject,
        message: 'Freshet needs Postgres 14 or newer',
      },
    ];
  if (version < NEXT_VERSION) return [];
  return [
    {
      code: 'SERVER_UNTRIED',
      severity: 'warning',
      subject,
      message: 'this release of Freshet was tried with Postgres 14 to 18 only',
    },
  ];
}

function checkWal(server: ServerFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (server.inRecovery)
    findings.push({
      code: 'SERVER_IN_RECOVERY',
      severity: 'error',
      subject: 'postgres.url',
      message:
        'this server is a standby; Freshet must stream from the primary, which knows when a commit is visible',
    });
  if (server.walLevel !== 'logical')
    findings.push({
      code: 'WAL_LEVEL',
      severity: 'error',
      subject: 'wal_level',
      message: `is ${server.walLevel}; logical replication needs logical`,
      remedy:
        '-- then restart Postgres; on Amazon RDS set rds.logical_replication = 1 in the parameter group instead\n' +
        "ALTER SYSTEM SET wal_level = 'logical';",
    });
  if (server.maxSlotWalKeepSizeMb === -1)
    findings.push({
      code: 'WAL_UNBOUNDED',
      severity: 'warning',
      subject: 'max_slot_wal_keep_size',
      message:
        'has no limit: while Freshet is down the slot keeps all WAL, until the disk of the database is full',
      remedy:
        '-- choose what the disk can spare; a slot that falls further behind is given up, the database goes on\n' +
        "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB';\nSELECT pg_reload_conf();",
    });
  return findings;
}

function checkRole({ mayReplicate, role }: ServerFacts): readonly Finding[] {
  if (mayReplicate) return [];
  return [
    {
      code: 'ROLE_LACKS_REPLICATION',
      severity: 'error',
      subject: `role ${role}`,
      message: 'may not use replication slots',
      remedy:
        '-- for the role that the daemon connects as; the owner of the tables needs it not, and leaves the slot to that one\n' +
        `ALTER ROLE ${quoteIdentifier(role)} REPLICATION;\n` +
        `-- on Amazon RDS instead: GRANT rds_replication TO ${quoteIdentifier(role)};`,
    },
  ];
}

function checkCapacity(
  code: ErrorCode,
  setting: string,
  what: string,
  { used, max }: Capacity,
): readonly Finding[] {
  if (used < max) return [];
  return [
    {
      code,
      severity: 'error',
      subject: setting,
      message: `all ${max} ${what} are in use`,
      remedy: `-- then restart Postgres; or drop what nobody uses any more\nALTER SYSTEM SET ${setting} = ${max + 4};`,
    },
  ];
}

function checkSenderTimeout({ walSenderTimeoutMs }: ServerFacts): readonly Finding[] {
  if (walSenderTimeoutMs >= SHORT_SENDER_TIMEOUT_MS) return [];
  const message =
    walSenderTimeoutMs === 0
      ? 'is off: Postgres keeps the slot for a Freshet that vanished until TCP gives up, and no standby can take over'
      : `is ${walSenderTimeoutMs} ms: Postgres ends the stream when Freshet or the network stalls for so long`;
  return [
    {
      code: 'WAL_SENDER_TIMEOUT',
      severity: 'info',
      subject: 'wal_sender_timeout',
      message,
      remedy: "ALTER SYSTEM SET wal_sender_timeout = '60s';\nSELECT pg_reload_conf();",
    },
  ];
}

/** Freshet confirms a commit once it is visible, and a commit is visible once its synchronous standby has confirmed it. */
function checkSynchronousStandbys({
  synchronousStandbyNames,
  applicationName,
}: ServerFacts): readonly Finding[] {
  const names = synchronousStandbyNames.split(/[\s,()"]+/).map((name) => name.toLowerCase());
  const mine = ['*', applicationName.toLowerCase()].find((name) => names.includes(name));
  if (mine === undefined) return [];
  return [
    {
      code: 'SYNCHRONOUS_STANDBY',
      severity: 'error',
      subject: 'synchronous_standby_names',
      message: `holds ${mine}, so that Postgres may take Freshet for a standby: commits would wait for Freshet, which waits for them`,
      remedy:
        "-- name each standby by its application_name\nALTER SYSTEM SET synchronous_standby_names = '...';\nSELECT pg_reload_conf();",
    },
  ];
}
