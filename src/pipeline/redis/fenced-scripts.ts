import { STORE_ENTRY } from '../../lease/lease-scripts.ts';

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

/**
 * ARGV[2] life of the version in ms. A Redis that is full refuses it; then the old value goes. Reply: -2 for want of
 * memory, else the error.
 *
 * -2 is done as well: an absent key is never wrong, and what came after it would wait for memory for ever. No version is
 * left; as where one was evicted, older writes are kept out by the order of the stream, in which whatever is delivered
 * again comes before this one again, and by the leader's token.
 */
const WRITING_FENCE = `${FENCE}
  local kept = redis.pcall('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
  if kept.err then
    redis.call('UNLINK', KEYS[1])
    return string.find(kept.err, 'OOM command', 1, true) and -2 or kept
  end
`;

/**
 * What stores values stores none unless the session is the leader: KEYS[3] the leader's token, ARGV[3] this session's.
 * (The token is one key for all, in a Cluster slot of its own; check-redis.ts refuses a Cluster.) Reply: -1 refused.
 *
 * It fails closed also where the token is missing: an emptied Redis cannot tell a former leader from the present one.
 * Nothing is removed then. What is refused was not confirmed to Postgres, for that takes another reply to each write of
 * a batch: so whoever holds the slot next is sent it again, and the key is no older than if this session had
 * crashed just before. A removal, though never wrong, would take away what the present leader has stored.
 */
const LEADING_FENCE = `
  if redis.call('GET', KEYS[3]) ~= ARGV[3] then return -1 end
  ${WRITING_FENCE}`;

/** ARGV[4] value, ARGV[5] its life in ms. */
export const SET_SCRIPT = `${LEADING_FENCE}
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
  return 1`;

/**
 * The same, as an entry of the lease protocol; a lease in progress is over. What tags name ends no later than before: a
 * tag forgets a key by then.
 */
export const ENTRY_SCRIPT = `${STORE_ENTRY}${LEADING_FENCE}
  local known = redis.pcall('HMGET', KEYS[1], 't', 'e')
  local life, tags = ARGV[5], known[1] or nil
  if tags then life = math.min(life, (tonumber(known[2]) or 0) - now) end
  store(KEYS[1], life, life, 0, ARGV[4], tags)
  return 1`;

/** Of a former leader as well: a removal is never wrong. */
export const REMOVE_SCRIPT = `${WRITING_FENCE}
  redis.call('UNLINK', KEYS[1])
  return 1`;

/** Removes one key of many, without a version of its own: each write has left one. Reply: how many existed. */
export const PURGE_SCRIPT = `${FENCE}
  return redis.call('UNLINK', KEYS[1])`;

/**
 * ARGV[4] life in ms, ARGV[5] how much of the row is given: `part`, `all`, or `only` where nothing else may stay.
 * ARGV[6] number of fields to set, then each with its value, then the fields to remove. A part of a row is written only
 * into a hash that exists: the rest of the row would be missing in a new one.
 */
export const HASH_SCRIPT = `${LEADING_FENCE}
  local isHash = redis.call('TYPE', KEYS[1]).ok == 'hash'
  if ARGV[5] == 'only' or not isHash then redis.call('UNLINK', KEYS[1]) end
  if ARGV[5] == 'part' and not isHash then return 1 end
  local at = 7
  for _ = 1, tonumber(ARGV[6]) do
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
    at = at + 2
  end
  while ARGV[at] do
    redis.call('HDEL', KEYS[1], ARGV[at])
    at = at + 1
  end
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
  return 1`;

/**
 * ARGV[4] life in ms, ARGV[5] `part` of the members, or `all` where nothing else may stay. ARGV[6] number of members
 * to set, then the score of each before it, then the members to remove. A part is written only into a sorted set that
 * exists: a new one would lack all others. ZADD takes many at once, as many as the stack of Lua surely holds.
 */
export const SORTED_SET_SCRIPT = `${LEADING_FENCE}
  local isSet = redis.call('TYPE', KEYS[1]).ok == 'zset'
  if ARGV[5] == 'all' or not isSet then redis.call('UNLINK', KEYS[1]) end
  if ARGV[5] == 'part' and not isSet then return 1 end
  local last = 6 + 2 * tonumber(ARGV[6])
  for from = 7, last, 1000 do
    redis.call('ZADD', KEYS[1], unpack(ARGV, from, math.min(from + 999, last)))
  end
  for at = last + 1, #ARGV do redis.call('ZREM', KEYS[1], ARGV[at]) end
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
  return 1`;

/** Whether KEYS[1] holds an entry with a value. What else is there goes, a lease alone above all. Reply: 1 or 0. */
export const CACHED_SCRIPT = `
  if redis.pcall('HEXISTS', KEYS[1], 'v') == 1 then return 1 end
  redis.call('UNLINK', KEYS[1])
  return 0`;
