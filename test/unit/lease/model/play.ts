import type { Scheduler } from 'fast-check';
import { ModelCache } from './model-cache.ts';
import { ModelDaemon, type Step } from './model-daemon.ts';
import { ModelDatabase, type Row } from './model-database.ts';
import type { Accident, Protocol } from './protocol.ts';

/** Who takes part. */
export interface Cast {
  /** The row that each commit writes. */
  readonly commits: readonly Row[];
  /** Whether each reader refreshes early (XFetch); it reads twice. */
  readonly readers: readonly boolean[];
  /** Each happens once. */
  readonly accidents: readonly Accident[];
}

/** What is cached and what is true when nobody does anything any more. */
export interface Outcome {
  readonly cached: string | undefined;
  readonly database: string;
  readonly fills: { readonly stored: number; readonly refused: number };
}

/**
 * Lets writers, readers, the daemon and accidents run side by side, in an order of steps that the scheduler decides.
 * All of them end: afterwards the cache and the database are at rest.
 */
export async function play(protocol: Protocol, cast: Cast, scheduler: Scheduler): Promise<Outcome> {
  const database = new ModelDatabase();
  const cache = new ModelCache(protocol);
  const step: Step = (name) => scheduler.schedule(Promise.resolve(), name);
  const daemon = new ModelDaemon(protocol, database, cache, step);
  /** The last one that Redis has carried out. */
  let lastGet: (() => void) | undefined;

  for (const row of new Set(cast.commits)) void write(row);
  for (const [index, isEarly] of cast.readers.entries()) void read(`reader ${index + 1}`, isEarly);
  daemon.start();
  for (const accident of cast.accidents) void happen(accident);

  await scheduler.waitIdle();
  if (daemon.ackedLsn !== cast.commits.length) throw new Error('the daemon has stopped');
  return { cached: cache.fresh, database: database.snapshot(), fills: cache.fills };

  /** A row is locked until its commit is visible, so its next one comes after that. */
  async function write(row: Row): Promise<void> {
    for (const mine of cast.commits.filter((each) => each === row)) {
      await step(`a commit of row ${mine} is in the log`);
      const commit = database.flush(mine);
      await step(`LSN ${commit.lsn} is visible`);
      database.show(commit);
    }
  }

  async function read(reader: string, isEarly: boolean): Promise<void> {
    for (const nonce of [`${reader}, first time`, `${reader}, second time`]) {
      const older = protocol.snapshot === 'before the lease' ? await load(nonce) : undefined;
      await step(`${nonce}: get`);
      const { isFresh, lease } = cache.get(nonce, isEarly);
      lastGet = () => void cache.get(nonce, isEarly);
      const mayFill = protocol.fills === 'under a lease' ? lease !== undefined : !isFresh;
      if (!mayFill) continue;
      const { lsn, value } = older ?? (await load(nonce));
      await step(`${nonce}: set`);
      cache.set(lease, lsn, value);
    }
  }

  async function load(name: string): Promise<{ lsn: number; value: string }> {
    if (protocol.fills === 'unless the tombstone is newer') await step(`${name}: the LSN`);
    const lsn = database.flushedLsn;
    await step(`${name}: snapshot`);
    return { lsn, value: database.snapshot() };
  }

  async function happen(accident: Accident): Promise<void> {
    await step(accident);
    switch (accident) {
      case 'the daemon crashes and starts again':
        return daemon.start();
      case 'the key is evicted':
        return cache.remove();
      case 'the lease ends':
        return cache.endLease();
      case 'a get is delivered twice':
        return lastGet?.();
    }
  }
}
