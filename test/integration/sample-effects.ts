import type { Batch } from '../../src/domain/batch.ts';
import type { CacheKey, Effect, Origin, Write } from '../../src/domain/effect.ts';
import { toLsn } from '../../src/domain/lsn.ts';
import type { Version } from '../../src/domain/version.ts';
import { BatchQueue } from '../../src/pipeline/queue/batch-queue.ts';

export const HOUR_MS = 3_600_000;
const expiry = { ttlMs: HOUR_MS, jitter: 0 };

export const REMOVE: Write = { op: 'remove' };

export function set(value: string): Write {
  return { op: 'set', value, expiry };
}

/** For readers with leases. */
export function entry(value: string): Write {
  return { op: 'set', value, expiry, asEntry: true };
}

export function hash(
  fields: Readonly<Record<string, string | null>>,
  isComplete = true,
  replaces = false,
): Write {
  const some = { op: 'hash', fields: new Map(Object.entries(fields)), isComplete, expiry } as const;
  return replaces ? { ...some, replaces } : some;
}

export function sortedSet(scores: Readonly<Record<string, string | null>>, isComplete = true): Write {
  return { op: 'sortedSet', members: new Map(Object.entries(scores)), isComplete, expiry };
}

/** By the row of one transaction, by the transaction, or by the epoch. */
export function version(ordinal: number, commitLsn = 100n, epoch = 1): Version {
  return { epoch, commitLsn, ordinal };
}

export function writing(
  write: Write,
  at: Version,
  key: CacheKey,
  origin: Origin,
): Extract<Effect, { kind: 'write' }> {
  return { kind: 'write', key, write, version: at, origin };
}

/** The effects of one transaction, as the queue puts them together. */
export async function batchOf(...effects: readonly Effect[]): Promise<Batch> {
  const queue = new BatchQueue({ maxKeys: 100_000, maxBytes: 1_000_000_000 });
  queue.begin({ xid: 1, commitLsn: toLsn(1n), commitTimeMs: 1 });
  for (const effect of effects) queue.add(effect);
  queue.commit(toLsn(1n));
  const batch = await queue.next();
  if (batch === undefined) throw new Error('the queue gave no batch');
  return batch;
}
