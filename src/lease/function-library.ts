import { LEASE_SCRIPTS } from './lease-scripts.ts';

/**
 * A function that says nothing is refused as a whole by a Redis that is full, even where it would only read or remove.
 * So `get` grants its leases there as well, which are small and end by themselves; what they lead to is refused by `set`.
 */
const FLAGS: Readonly<Record<keyof typeof LEASE_SCRIPTS, readonly string[]>> = {
  get: ['allow-oom'],
  set: [],
  release: ['allow-oom'],
  stale: ['allow-oom'],
  tag: [],
  heartbeat: ['no-writes'],
};

/** The scripts as a library for FUNCTION LOAD (Redis 7 or later), to be called by FCALL: `freshet_get` and so on. */
export function renderFunctionLibrary(): string {
  const functions = Object.entries(FLAGS).map(([name, flags]) => {
    const body = LEASE_SCRIPTS[name as keyof typeof LEASE_SCRIPTS];
    const given = flags.map((flag) => `'${flag}'`).join(', ');
    return `
redis.register_function{
  function_name = 'freshet_${name}',
  flags = {${given}},
  callback = function(KEYS, ARGV)${body.replaceAll('\n', '\n  ')}
  end,
}
`;
  });
  return `#!lua name=freshet
-- Written by \`node src/config/write-reference.ts\` from src/lease/lease-scripts.ts; specified in src/lease/README.md.
-- redis-cli -x FUNCTION LOAD REPLACE < freshet-lease.lua
${functions.join('')}`;
}
