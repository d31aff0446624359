/**
 * Writes that an older one cannot undo. Beside every key written lies its version: a key of its own in the same
 * Cluster slot, because the value has the form that the application reads. A write is refused where the version there
 * is greater or equal: redelivered changes, and those of a former leader that was paused, have no effect.
 *
 * KEYS[1] the key, KEYS[2] its version. ARGV[1] version as 32 hexadecimal digits.
 * Reply: 1 written, 0 refused.
 */
const FENCE = `
  local function isNewer(given, stored)
    for from = 1, 25, 8 do
      local a = tonumber(string.sub(given, from, from + 7), 16)
      local b = tonumber(string.sub(stored, from, from + 7), 16)
      if a ~= b then return a > b end
    end
    return false
  end
  local stored = redis.call('GET', KEYS[2])
  if stored and not isNewer(ARGV[1], stored) then return 0 end
`;

/** ARGV[2] life of the version in ms. A Redis without memory refuses it; then at least the old value goes. */
const WRITING_FENCE = `${FENCE}
  local kept = redis.pcall('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
  if kept.err then
    redis.call('UNLINK', KEYS[1])
    return kept
  end
`;

/** ARGV[3] value, ARGV[4] its life in ms. */
export const SET_SCRIPT = `${WRITING_FENCE}
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
  return 1`;

export const REMOVE_SCRIPT = `${WRITING_FENCE}
  redis.call('UNLINK', KEYS[1])
  return 1`;

/** Removes one key of many, without a version of its own: each write has left one. Reply: how many existed. */
export const PURGE_SCRIPT = `${FENCE}
  return redis.call('UNLINK', KEYS[1])`;

/**
 * ARGV[3] life in ms, ARGV[4] how much of the row is given: `part`, `all`, or `only` where nothing else may stay.
 * ARGV[5] number of fields to set, then each with its value, then the fields to remove. A part of a row is written only
 * into a hash that exists: the rest of the row would be missing in a new one.
 */
export const HASH_SCRIPT = `${WRITING_FENCE}
  local isHash = redis.call('TYPE', KEYS[1]).ok == 'hash'
  if ARGV[4] == 'only' or not isHash then redis.call('UNLINK', KEYS[1]) end
  if ARGV[4] == 'part' and not isHash then return 1 end
  local at = 6
  for _ = 1, tonumber(ARGV[5]) do
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
    at = at + 2
  end
  while ARGV[at] do
    redis.call('HDEL', KEYS[1], ARGV[at])
    at = at + 1
  end
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
  return 1`;

/**
 * ARGV[3] life in ms, ARGV[4] `part` of the members, or `all` where nothing else may stay. ARGV[5] number of members
 * to set, then the score of each before it, then the members to remove. A part is written only into a sorted set that
 * exists: a new one would lack all others. ZADD takes many at once, as many as the stack of Lua surely holds.
 */
export const SORTED_SET_SCRIPT = `${WRITING_FENCE}
  local isSet = redis.call('TYPE', KEYS[1]).ok == 'zset'
  if ARGV[4] == 'all' or not isSet then redis.call('UNLINK', KEYS[1]) end
  if ARGV[4] == 'part' and not isSet then return 1 end
  local last = 5 + 2 * tonumber(ARGV[5])
  for from = 6, last, 1000 do
    redis.call('ZADD', KEYS[1], unpack(ARGV, from, math.min(from + 999, last)))
  end
  for at = last + 1, #ARGV do redis.call('ZREM', KEYS[1], ARGV[at]) end
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
  return 1`;
