import type { Redis } from 'ioredis';
import { renderFunctionLibrary } from '../../../src/lease/function-library.ts';
import { LEASE_SCRIPTS } from '../../../src/lease/lease-scripts.ts';
import { redisMajor } from '../redis/redis-major.ts';

export type ScriptName = keyof typeof LEASE_SCRIPTS;

/** Bulk strings of the reply are Buffers. */
export type CallScript = (
  name: ScriptName,
  key: string,
  args: readonly (string | Buffer)[],
) => Promise<unknown>;

/** As any client may call them. */
export function byEval(redis: Redis): CallScript {
  return (name, key, args) => redis.callBuffer('EVAL', LEASE_SCRIPTS[name], 1, key, ...args);
}

/** As functions of the library, once it is loaded. */
export function byFcall(redis: Redis): CallScript {
  return (name, key, args) => redis.callBuffer('FCALL', `freshet_${name}`, 1, key, ...args);
}

/** @returns false where Redis knows no functions: before version 7 */
export async function loadLibrary(redis: Redis): Promise<boolean> {
  if ((await redisMajor(redis)) < 7) return false;
  await redis.function('LOAD', 'REPLACE', renderFunctionLibrary());
  return true;
}
