/**
 * Deletes some members of a tag with the keys that they name, at once: between the two, an application could store a
 * key anew and find its name in the tag already, which then would lose it, and the key would be found never again.
 * The members' keys are not in KEYS, for nobody knows them before: a Cluster would need another way.
 *
 * KEYS[1] the tag: a set, or a sorted set of members by when they are gone, as the script `tag` of src/lease makes it.
 * ARGV[1] members to take at most. Reply: how many were taken, how many of those keys existed.
 */
export const POP_TAG_SCRIPT = `
  local kind = redis.call('TYPE', KEYS[1]).ok
  local members = {}
  if kind == 'set' then
    members = redis.call('SPOP', KEYS[1], ARGV[1])
  elseif kind == 'zset' then
    for at, each in ipairs(redis.call('ZPOPMIN', KEYS[1], ARGV[1])) do
      if at % 2 == 1 then members[#members + 1] = each end
    end
  else
    return {0, 0}
  end
  return {#members, redis.call('UNLINK', unpack(members))}`;
