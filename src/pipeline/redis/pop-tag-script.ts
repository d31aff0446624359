/**
 * Deletes some members of a tag with the keys that they name, at once: between the two, an application could store a
 * key anew and find its name in the tag already, which then would lose it, and the key would be found never again.
 * The members' keys are not in KEYS, for nobody knows them before: a Cluster would need another way.
 *
 * KEYS[1] the tag, a set. ARGV[1] members to take at most. Reply: how many were taken, how many of those keys existed.
 */
export const POP_TAG_SCRIPT = `
  if redis.call('TYPE', KEYS[1]).ok ~= 'set' then return {0, 0} end
  local members = redis.call('SPOP', KEYS[1], ARGV[1])
  return {#members, redis.call('UNLINK', unpack(members))}`;
