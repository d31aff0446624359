/**
 * The lease protocol in Lua. README.md beside this file specifies it for every language; vectors.json tests it.
 * Each body sees KEYS and ARGV, so that it runs as a script (EVAL) and as a function of a library (FCALL) alike. A
 * script that fails half-way is not rolled back: what is wrong in ARGV is found before the first write.
 *
 * An entry is one Redis hash under the key itself, so whatever removes the key voids its lease too:
 *
 *     v  value; empty where n is there          l  token of the lease
 *     n  '1': it is known that there is none    d  deadline of the lease
 *     f  fresh until: 0 was marked stale        e  never served from then on
 *     c  cost: how long the load took, ms       t  the tags that name it until e, a line each
 *                                               (f, e, d: ms since 1970 by Redis' own clock)
 */

/** No lease is longer: one that seems to be was made before the clock was set back. */
export const LONGEST_LEASE_MS = 60_000;

/** 31 years. From 1e17 on Lua writes numbers with an exponent, which Redis takes for no instant. */
export const LONGEST_LIFE_MS = 1e12;

/** The local `now`: Redis' own time in ms. */
export const CLOCK = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** The clock, and how times in ARGV are read. */
const TIMES = `${CLOCK}
  local function ms(given) return math.min(${LONGEST_LIFE_MS}, math.max(0, math.floor(tonumber(given)))) end`;

/**
 * KEYS[1] the key. ARGV[1] a nonce that no other caller uses, ARGV[2] life of the lease in ms, ARGV[3] how many times its
 * cost before its end a value is refreshed already: 0 is never. From ARGV[4] on the tags that are to name the key; an
 * entry that is not in all of them is none, since a purge of a tag would miss it.
 * Reply: {state, lease, value}. State: `fresh`, `stale`, `none`, or `foreign` where the key holds something else and is
 * left alone. Lease: its token where the caller is to load, else nil. Value: nil where there is no entry, and where the
 * entry says that there is none. A string there is not an entry, and gives way to one.
 *
 * The token is new with each grant: a GET that is delivered twice, late, must not revive a lease that is void. The tags
 * stand in it, a line each, so that `set` knows them. Where Redis refuses to write (it is full), what may be served is
 * served yet; without that, its error is the reply.
 */
const GET = `${TIMES}
  local life = math.min(ms(ARGV[2]), ${LONGEST_LEASE_MS})
  local entry = redis.pcall('HMGET', KEYS[1], 'v', 'n', 'f', 'e', 'c', 'l', 'd', 't')
  local hasValue = entry[1] and entry[3] and entry[4] and entry[5]
  local hasLease = entry[6] and entry[7]
  if not hasValue and not hasLease then
    local kind = redis.call('TYPE', KEYS[1]).ok
    if kind ~= 'none' and kind ~= 'string' then return {'foreign', false, false} end
    if kind == 'string' then redis.call('UNLINK', KEYS[1]) end
  end
  local isTagged, tags = true, '\\n' .. (entry[8] or '') .. '\\n'
  for i = 4, #ARGV do
    isTagged = isTagged and string.find(tags, '\\n' .. ARGV[i] .. '\\n', 1, true)
  end
  local state, value, fresh = 'none', false, tonumber(entry[3]) or 0
  if hasValue and isTagged and now < (tonumber(entry[4]) or 0) then
    state = now < fresh and 'fresh' or 'stale'
    value = not entry[2] and entry[1]
  end
  local cost, deadline = tonumber(entry[5]) or 0, tonumber(entry[7]) or 0
  if state == 'fresh' and now + cost * tonumber(ARGV[3]) < fresh then return {state, false, value} end
  if hasLease and now < deadline and deadline <= now + ${LONGEST_LEASE_MS} then return {state, false, value} end
  local lease = table.concat({ARGV[1] .. ':' .. time[1] .. ':' .. time[2], unpack(ARGV, 4)}, '\\n')
  local written = redis.pcall('HSET', KEYS[1], 'l', lease, 'd', now + life)
  if type(written) == 'table' then return state == 'none' and written or {state, false, value} end
  if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIREAT', KEYS[1], now + life) end
  return {state, lease, value}`;

/**
 * Stores an entry: `store(key, fresh ms, kept ms, cost ms, value or nil, tags or nil)`. Whatever was there goes, a
 * lease too: first, because after that a Redis that is full writes all the same.
 */
export const STORE_ENTRY = `${TIMES}
  local function store(key, fresh, kept, cost, value, tags)
    fresh, kept, cost = ms(fresh), ms(kept), ms(cost)
    redis.call('UNLINK', key)
    redis.call('HSET', key, 'v', value or '', 'f', now + math.min(fresh, kept), 'e', now + kept, 'c', cost)
    if not value then redis.call('HSET', key, 'n', '1') end
    if tags then redis.call('HSET', key, 't', tags) end
    redis.call('PEXPIREAT', key, now + kept)
  end`;

/**
 * KEYS[1] the key. ARGV[1] the token, ARGV[2] for how long it is fresh and ARGV[3] for how long it may be served at all,
 * in ms, ARGV[4] its cost in ms, ARGV[5] the value; without it the entry says that there is none.
 * Reply: 1 stored, 0 refused because the lease is over.
 */
const SET = `${STORE_ENTRY}
  local lease = redis.pcall('HMGET', KEYS[1], 'l', 'd')
  if lease[1] ~= ARGV[1] or now >= (tonumber(lease[2]) or 0) then return 0 end
  store(KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], string.match(ARGV[1], '\\n(.*)'))
  return 1`;

/** KEYS[1] the key. ARGV[1] the token. Reply: 1 given back, so that another may load; 0 it was over already. */
const RELEASE = `
  if redis.pcall('HGET', KEYS[1], 'l') ~= ARGV[1] then return 0 end
  redis.call('HDEL', KEYS[1], 'l', 'd')
  return 1`;

/**
 * What Freshet does instead of a delete where a rule says `stale`: the lease is void, the value may be served a while
 * yet. KEYS[1] the key. ARGV[1] for how long at most, in ms; a shorter life stays as it is.
 * Reply: 1 marked; 0 removed, because there was nothing to serve: no entry, none within its time, or one that says that
 * there is no value.
 *
 * `math.min` begins with what is surely a number: it passes over a NaN after that. HDEL precedes HSET, which a full Redis
 * would refuse as the first write.
 */
const STALE = `${TIMES}
  local entry = redis.pcall('HMGET', KEYS[1], 'v', 'n', 'e')
  local served = entry[1] and not entry[2] and tonumber(entry[3]) or 0
  served = math.floor(math.min(now + ms(ARGV[1]), now + redis.call('PTTL', KEYS[1]), served))
  if served <= now then
    redis.call('UNLINK', KEYS[1])
    return 0
  end
  redis.call('HDEL', KEYS[1], 'l', 'd')
  redis.call('HSET', KEYS[1], 'f', 0, 'e', served)
  redis.call('PEXPIREAT', KEYS[1], served)
  return 1`;

/**
 * Names a key in a tag, a sorted set of keys by when they are gone; those that are gone leave it. To be done after the
 * lease was granted and before anything is loaded. KEYS[1] the tag. ARGV[1] the key, ARGV[2] the longest that it may
 * still be there, in ms. Reply: 1. A tag whose TTL somebody took away stays without.
 */
const TAG = `${TIMES}
  local life, left = ms(ARGV[2]), redis.call('PTTL', KEYS[1])
  redis.call('ZADD', KEYS[1], 'GT', now + life, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  if left ~= -1 and left < life then redis.call('PEXPIREAT', KEYS[1], now + life) end
  return 1`;

/**
 * How far the daemon is. KEYS[1] its heartbeat, `freshet:{slot}:heartbeat`.
 * Reply: {position, age}: the LSN up to which all is applied, and for how many ms at most a change may have been missing
 * from it; both nil where no heartbeat is there. One of the future is as wrong as one of the past.
 */
const HEARTBEAT = `${CLOCK}
  local beat = redis.call('HMGET', KEYS[1], 'position', 'lagMs', 'atMs')
  local lag, at = tonumber(beat[2]), tonumber(beat[3])
  if not (beat[1] and lag and at) then return {false, false} end
  return {beat[1], math.abs(now - at) + lag}`;

/** By the name that each has in the function library, without its prefix `freshet_`. */
export const LEASE_SCRIPTS = {
  get: GET,
  set: SET,
  release: RELEASE,
  stale: STALE,
  tag: TAG,
  heartbeat: HEARTBEAT,
} as const;
