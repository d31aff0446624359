/**
 * The lease protocol in Lua. README.md beside this file specifies it for every language; vectors.json are its test.
 * Each body sees KEYS and ARGV, so that it runs as a script (EVAL) and as a function of a library (FCALL) alike.
 *
 * An entry is one Redis hash under the key itself, so whatever removes the key voids its lease too:
 *
 *     v  value; empty where n is there          l  token of the lease
 *     n  '1': it is known that there is none    d  deadline of the lease
 *     f  fresh until: 0 was marked stale        e  never served from then on
 *     c  cost: how long the load took, ms       (f, e, d: ms since 1970 by Redis' own clock)
 */
const NOW = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** No lease is longer: one that seems to be was made before the clock was set back. */
export const LONGEST_LEASE_MS = 60_000;

/**
 * KEYS[1] the key. ARGV[1] a token never used before, ARGV[2] life of the lease in ms, ARGV[3] how many times its cost
 * before its end a value is refreshed already: 0 is never.
 * Reply: {state, granted, value}. State: `fresh`, `stale`, `none`, or `foreign` where the key holds something else and
 * is left alone. Granted: 1 where the caller has the lease and is to load, else 0. Value: nil where there is no entry,
 * and where the entry says that there is none. A string there is not an entry, and gives way to one.
 */
const GET = `
  local entry = redis.pcall('HMGET', KEYS[1], 'v', 'n', 'f', 'e', 'c', 'l', 'd')
  if entry.err then
    if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return {'foreign', 0, false} end
    redis.call('UNLINK', KEYS[1])
    entry = {}
  elseif not entry[1] and not entry[6] and redis.call('EXISTS', KEYS[1]) == 1 then
    return {'foreign', 0, false}
  end
  ${NOW}
  local value, fresh, served = entry[1], tonumber(entry[3] or 0), tonumber(entry[4] or 0)
  local state = 'none'
  if value and now < served then state = now < fresh and 'fresh' or 'stale' else value = false end
  if entry[2] then value = false end
  if state == 'fresh' and now + tonumber(entry[5] or 0) * tonumber(ARGV[3]) < fresh then return {state, 0, value} end
  local deadline = tonumber(entry[7] or 0)
  if entry[6] and now < deadline and deadline <= now + ${LONGEST_LEASE_MS} then return {state, 0, value} end
  local life = math.min(tonumber(ARGV[2]), ${LONGEST_LEASE_MS})
  redis.call('HSET', KEYS[1], 'l', ARGV[1], 'd', now + life)
  if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIRE', KEYS[1], life) end
  return {state, 1, value}`;

/** Stores an entry: \`store(key, fresh ms, kept ms, cost ms, value or nil)\`. Whatever was there goes, a lease too. */
export const STORE_ENTRY = `
  local function store(key, fresh, kept, cost, value)
    ${NOW}
    redis.call('UNLINK', key)
    redis.call('HSET', key, 'v', value or '', 'f', now + fresh, 'e', now + kept, 'c', cost)
    if not value then redis.call('HSET', key, 'n', '1') end
    redis.call('PEXPIRE', key, kept)
  end`;

/**
 * KEYS[1] the key. ARGV[1] the token, ARGV[2] for how long it is fresh and ARGV[3] for how long it may be served at all,
 * in ms, ARGV[4] its cost in ms, ARGV[5] the value; without it the entry says that there is none.
 * Reply: 1 stored, 0 refused because the lease is over.
 */
const SET = `${STORE_ENTRY}
  local lease = redis.pcall('HMGET', KEYS[1], 'l', 'd')
  if lease.err or lease[1] ~= ARGV[1] then return 0 end
  ${NOW}
  if now >= tonumber(lease[2]) then return 0 end
  store(KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5])
  return 1`;

/** KEYS[1] the key. ARGV[1] the token. Reply: 1 given back, so that another may load; 0 it was over already. */
const RELEASE = `
  if redis.pcall('HGET', KEYS[1], 'l') ~= ARGV[1] then return 0 end
  redis.call('HDEL', KEYS[1], 'l', 'd')
  return 1`;

/**
 * What Freshet does instead of a delete where a rule says \`stale\`: the lease is void, the value may be served a while
 * yet. KEYS[1] the key. ARGV[1] for how long at most, in ms; a shorter life stays as it is.
 * Reply: 1 marked; 0 removed, because there was nothing to serve: no entry, none within its time, or one that says that
 * there is no value.
 */
const STALE = `
  local entry = redis.pcall('HMGET', KEYS[1], 'v', 'n', 'e')
  ${NOW}
  local served = not entry.err and entry[1] and not entry[2] and tonumber(entry[3] or 0) or 0
  served = math.min(served, now + tonumber(ARGV[1]))
  if served <= now then
    redis.call('UNLINK', KEYS[1])
    return 0
  end
  redis.call('HDEL', KEYS[1], 'l', 'd')
  redis.call('HSET', KEYS[1], 'f', 0, 'e', served)
  redis.call('PEXPIRE', KEYS[1], served - now)
  return 1`;

/**
 * Names a key in a tag, a sorted set of keys by when they are gone; those that are gone leave it. To be done after the
 * lease was granted and before anything is loaded. KEYS[1] the tag. ARGV[1] the key, ARGV[2] the longest that it may
 * still be there, in ms. Reply: 1.
 */
const TAG = `
  ${NOW}
  local life = tonumber(ARGV[2])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  redis.call('ZADD', KEYS[1], 'GT', now + life, ARGV[1])
  if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIRE', KEYS[1], life) end
  return 1`;

/**
 * How far the daemon is. KEYS[1] its heartbeat, \`freshet:{slot}:heartbeat\`.
 * Reply: {position, age}: the LSN up to which all is applied, and for how many ms at most a change may have been missing
 * from it; both nil where no heartbeat is there.
 */
const HEARTBEAT = `
  local beat = redis.call('HMGET', KEYS[1], 'position', 'lagMs', 'atMs')
  if not beat[1] then return {false, false} end
  ${NOW}
  return {beat[1], math.max(0, now - tonumber(beat[3])) + tonumber(beat[2])}`;

/** By the name that each has in the function library, without its prefix \`freshet_\`. */
export const LEASE_SCRIPTS = {
  get: GET,
  set: SET,
  release: RELEASE,
  stale: STALE,
  tag: TAG,
  heartbeat: HEARTBEAT,
} as const;
