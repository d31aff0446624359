#!lua name=freshet
-- Written by `node src/config/write-reference.ts` from src/lease/lease-scripts.ts; specified in src/lease/README.md.
-- redis-cli -x FUNCTION LOAD REPLACE < freshet-lease.lua

redis.register_function{
  function_name = 'freshet_get',
  flags = {'allow-oom'},
  callback = function(KEYS, ARGV)
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local function ms(given) return math.min(1000000000000, math.max(0, math.floor(tonumber(given)))) end
    local life = math.min(ms(ARGV[2]), 60000)
    local entry = redis.pcall('HMGET', KEYS[1], 'v', 'n', 'f', 'e', 'c', 'l', 'd', 't')
    local hasValue = entry[1] and entry[3] and entry[4] and entry[5]
    local hasLease = entry[6] and entry[7]
    if not hasValue and not hasLease then
      local kind = redis.call('TYPE', KEYS[1]).ok
      if kind ~= 'none' and kind ~= 'string' then return {'foreign', false, false} end
      if kind == 'string' then redis.call('UNLINK', KEYS[1]) end
    end
    local isTagged, tags = true, '\n' .. (entry[8] or '') .. '\n'
    for i = 4, #ARGV do
      isTagged = isTagged and string.find(tags, '\n' .. ARGV[i] .. '\n', 1, true)
    end
    local state, value, fresh = 'none', false, tonumber(entry[3]) or 0
    if hasValue and isTagged and now < (tonumber(entry[4]) or 0) then
      state = now < fresh and 'fresh' or 'stale'
      value = not entry[2] and entry[1]
    end
    local cost, deadline = tonumber(entry[5]) or 0, tonumber(entry[7]) or 0
    if state == 'fresh' and now + cost * tonumber(ARGV[3]) < fresh then return {state, false, value} end
    if hasLease and now < deadline and deadline <= now + 60000 then return {state, false, value} end
    local lease = table.concat({ARGV[1] .. ':' .. time[1] .. ':' .. time[2], unpack(ARGV, 4)}, '\n')
    local written = redis.pcall('HSET', KEYS[1], 'l', lease, 'd', now + life)
    if type(written) == 'table' then return state == 'none' and written or {state, false, value} end
    if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIREAT', KEYS[1], now + life) end
    return {state, lease, value}
  end,
}

redis.register_function{
  function_name = 'freshet_set',
  flags = {},
  callback = function(KEYS, ARGV)
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local function ms(given) return math.min(1000000000000, math.max(0, math.floor(tonumber(given)))) end
    local function store(key, fresh, kept, cost, value, tags)
      fresh, kept, cost = ms(fresh), ms(kept), ms(cost)
      redis.call('UNLINK', key)
      redis.call('HSET', key, 'v', value or '', 'f', now + math.min(fresh, kept), 'e', now + kept, 'c', cost)
      if not value then redis.call('HSET', key, 'n', '1') end
      if tags then redis.call('HSET', key, 't', tags) end
      redis.call('PEXPIREAT', key, now + kept)
    end
    local lease = redis.pcall('HMGET', KEYS[1], 'l', 'd')
    if lease[1] ~= ARGV[1] or now >= (tonumber(lease[2]) or 0) then return 0 end
    store(KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], string.match(ARGV[1], '\n(.*)'))
    return 1
  end,
}

redis.register_function{
  function_name = 'freshet_release',
  flags = {'allow-oom'},
  callback = function(KEYS, ARGV)
    if redis.pcall('HGET', KEYS[1], 'l') ~= ARGV[1] then return 0 end
    redis.call('HDEL', KEYS[1], 'l', 'd')
    return 1
  end,
}

redis.register_function{
  function_name = 'freshet_stale',
  flags = {'allow-oom'},
  callback = function(KEYS, ARGV)
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local function ms(given) return math.min(1000000000000, math.max(0, math.floor(tonumber(given)))) end
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
    return 1
  end,
}

redis.register_function{
  function_name = 'freshet_tag',
  flags = {},
  callback = function(KEYS, ARGV)
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local function ms(given) return math.min(1000000000000, math.max(0, math.floor(tonumber(given)))) end
    local life, left = ms(ARGV[2]), redis.call('PTTL', KEYS[1])
    redis.call('ZADD', KEYS[1], 'GT', now + life, ARGV[1])
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
    if left ~= -1 and left < life then redis.call('PEXPIREAT', KEYS[1], now + life) end
    return 1
  end,
}

redis.register_function{
  function_name = 'freshet_heartbeat',
  flags = {'no-writes'},
  callback = function(KEYS, ARGV)
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local beat = redis.call('HMGET', KEYS[1], 'position', 'lagMs', 'atMs')
    local lag, at = tonumber(beat[2]), tonumber(beat[3])
    if not (beat[1] and lag and at) then return {false, false} end
    return {beat[1], math.abs(now - at) + lag}
  end,
}
