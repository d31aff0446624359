import type { Redis } from 'ioredis';
import type { Batch } from '../../../../src/domain/batch.ts';
import { KeyRemover, type Removals } from '../../../../src/pipeline/redis/key-remover.ts';
import { leaveTombstone } from '../readers/lsn-readers.ts';

/** Leaves the position of the change where a key was. */
export class TombstoneRemover extends KeyRemover {
  readonly #tombstones: Redis;

  constructor(redis: Redis) {
    super(redis);
    this.#tombstones = redis;
  }

  override async remove(batch: Batch, signal: AbortSignal): Promise<Removals> {
    const { position } = batch;
    if (position === undefined) throw new Error('a transaction of a race fits into one batch');
    await Promise.all(batch.keys.keys().map((key) => leaveTombstone(this.#tombstones, key, position)));
    return super.remove(batch, signal);
  }
}
