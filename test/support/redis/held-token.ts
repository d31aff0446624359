import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LeaderToken } from '../../../src/pipeline/redis/leader-token.ts';

/** Of a session that is the leader. @param slot that it holds; one of its own unless a test says otherwise */
export async function heldToken(redis: Redis, slot: string = randomUUID()): Promise<LeaderToken> {
  const token = new LeaderToken(redis, slot);
  await token.look();
  await token.claim();
  return token;
}
