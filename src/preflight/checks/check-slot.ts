import type { Finding } from '../../domain/finding.ts';
import { createSlotSql, dropSlotSql } from '../../sql/setup-sql.ts';
import type { ServerFacts } from '../facts/server-facts.ts';
import type { SlotFacts } from '../facts/slot-facts.ts';
import { sqlRemedy } from '../remedy/sql-remedy.ts';

export interface SlotWanted {
  readonly slot: string;
  /** `run` creates a slot that is missing. */
  readonly createMissing: boolean;
}

/** Whether the slot is there and is one that Freshet can stream from. */
export function checkSlot(
  slot: SlotFacts | undefined,
  { slot: name, createMissing }: SlotWanted,
  server: Pick<ServerFacts, 'database'>,
): readonly Finding[] {
  const subject = `slot ${name}`;
  if (slot === undefined) return [missing(subject, name, createMissing)];
  const anew = `-- its position is gone with it: clear the cached keys once afterwards\n${dropSlotSql(name)}\n${createSlotSql(name)}`;
  if (slot.type !== 'logical' || slot.plugin !== 'pgoutput')
    return [
      {
        code: 'SLOT_WRONG_PLUGIN',
        severity: 'error',
        subject,
        message: `is a ${slot.type} slot${slot.plugin === null ? '' : ` of the plugin ${slot.plugin}`}, not a logical one of pgoutput; set postgres.slot to another name, or make it anew if nobody uses it`,
        remedy: anew,
      },
    ];
  if (slot.database !== server.database)
    return [
      {
        code: 'SLOT_OTHER_DATABASE',
        severity: 'error',
        subject,
        message: `belongs to database ${slot.database}, not to ${server.database}; slot names are shared by all databases of a server: set postgres.slot to another name, then run \`freshet setup\``,
      },
    ];
  if (slot.walStatus === 'lost' || slot.invalidationReason !== null)
    return [
      {
        code: 'SLOT_LOST',
        severity: 'error',
        subject,
        message: `was given up by Postgres (${slot.invalidationReason ?? 'the WAL that it needs was removed'}); changes since then cannot be read any more`,
        remedy: anew,
      },
    ];
  return checkUse(slot, subject);
}

function missing(subject: string, name: string, createMissing: boolean): Finding {
  if (createMissing)
    return { code: 'SLOT_MISSING', severity: 'info', subject, message: '`freshet run` will create it' };
  return {
    code: 'SLOT_MISSING',
    severity: 'error',
    subject,
    message: 'does not exist; `freshet setup` creates it, after the publication',
    ...sqlRemedy([{ kind: 'create-slot', sql: createSlotSql(name) }]),
  };
}

function checkUse(slot: SlotFacts, subject: string): readonly Finding[] {
  const findings: Finding[] = [];
  if (slot.temporary)
    findings.push({
      code: 'SLOT_TEMPORARY',
      severity: 'error',
      subject,
      message:
        'is temporary: it and its position go when the session that made it ends; end that session, then run `freshet setup`',
    });
  if (!slot.complete)
    findings.push({
      code: 'SLOT_BEING_CREATED',
      severity: 'error',
      subject,
      message: 'is still being created: that waits for every transaction that was open before',
    });
  else if (slot.activePid !== null)
    findings.push({
      code: 'SLOT_ACTIVE',
      severity: 'info',
      subject,
      message: `backend ${slot.activePid} streams from it; another Freshet will run as standby until that one ends`,
    });
  if (slot.walStatus === 'unreserved')
    findings.push({
      code: 'SLOT_ENDANGERED',
      severity: 'warning',
      subject,
      message: 'is so far behind that the next checkpoint may remove the WAL that it needs',
    });
  return findings;
}
