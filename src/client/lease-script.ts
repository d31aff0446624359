import { createHash } from 'node:crypto';
import { LEASE_SCRIPTS } from '../lease/lease-scripts.ts';

/** One of the scripts of src/lease, as a driver needs it. */
export interface LeaseScript {
  readonly lua: string;
  /** By which EVALSHA knows it, once a server has seen it. */
  readonly sha1: string;
}

export type ScriptName = keyof typeof LEASE_SCRIPTS;

const SCRIPTS = new Map<ScriptName, LeaseScript>();

export function leaseScript(name: ScriptName): LeaseScript {
  const known = SCRIPTS.get(name);
  if (known !== undefined) return known;
  const lua = LEASE_SCRIPTS[name];
  const script = { lua, sha1: createHash('sha1').update(lua).digest('hex') };
  SCRIPTS.set(name, script);
  return script;
}
