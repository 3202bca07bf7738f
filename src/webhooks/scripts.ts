import { APPEND_LUA } from "../redis/lua/append.ts";

/**
 * KEYS: names hook hooked tries; ARGV: name most member cursor secret secretVersion replacesSecret, fields….
 * Answers 1 new, 0 changed, -1 too many. Tried again at once, as whoever changes it expects.
 */
export const PUT_LUA = `
local new = redis.call('SADD', KEYS[1], ARGV[1])
if new == 1 and redis.call('SCARD', KEYS[1]) > tonumber(ARGV[2]) then
  redis.call('SREM', KEYS[1], ARGV[1])
  return -1
end
redis.call('HSET', KEYS[2], 'state', 'active', unpack(ARGV, 8))
redis.call('HDEL', KEYS[2], 'error', 'health')
redis.call('HINCRBY', KEYS[2], 'version', 1)
if new == 1 then redis.call('HSET', KEYS[2], 'cursor', ARGV[4], 'created', redis.call('HGET', KEYS[2], 'updated')) end
if new == 1 or ARGV[7] == '1' then redis.call('HSET', KEYS[2], 'secret', ARGV[5], 'secretVersion', ARGV[6]) end
redis.call('SADD', KEYS[3], ARGV[3])
redis.call('DEL', KEYS[4])
return new
`;

/** KEYS: names hooked hook held tries sent tests lease; ARGV: name member. Without its lease a worker stops within a second. */
export const REMOVE_LUA = `
redis.call('SREM', KEYS[2], ARGV[2])
redis.call('DEL', unpack(KEYS, 3))
return redis.call('SREM', KEYS[1], ARGV[1])
`;

/** KEYS: hook held tries; ARGV: cursor. */
export const REPLAY_LUA = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'cursor', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'moves', 1)
redis.call('DEL', KEYS[2], KEYS[3])
return 1
`;

/** KEYS: hook tests; ARGV: id json most. */
export const TEST_LUA = `
if redis.call('HGET', KEYS[1], 'state') ~= 'active' then return 0 end
redis.call('RPUSH', KEYS[2], cjson.encode({ ARGV[1], ARGV[2] }))
redis.call('LTRIM', KEYS[2], -ARGV[3], -1)
redis.call('EXPIRE', KEYS[2], 3600)
return 1
`;

/** KEYS: hooked fences; ARGV: tag lease. Names of leases and hooks are built from the tag: one slot. Answers app|name, fence, …. */
export const CLAIM_LUA = `
local claimed = {}
for _, member in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local app, name = string.match(member, '^([^|]*)|(.*)$')
  local place = app .. ':' .. name
  if redis.call('EXISTS', ARGV[1] .. ':hook-lease:' .. place) == 0 then
    local fence = tostring(redis.call('INCR', KEYS[2]))
    redis.call('SET', ARGV[1] .. ':hook-lease:' .. place, fence, 'PX', ARGV[2])
    redis.call('HSET', ARGV[1] .. ':hook:' .. place, 'fence', fence)
    claimed[#claimed + 1] = member
    claimed[#claimed + 1] = fence
  end
end
return claimed
`;

/** KEYS: lease hook tests; ARGV: fence lease. Answers version, moves and a test, or nothing. */
export const RENEW_LUA = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {} end
local r = redis.call('HMGET', KEYS[2], 'version', 'moves', 'state')
if not r[1] or r[3] ~= 'active' then return {} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { r[1], r[2] or '0', redis.call('LPOP', KEYS[3]) or '' }
`;

/** KEYS: lease; ARGV: fence. */
export const RELEASE_LUA = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/**
 * KEYS: hook held tries sent hooked log epoch; ARGV: fence moves cursor|'' health error|'' member freshEpoch kept most,
 * then counts and values: held (conversation id json), dropped, tries (conversation json|''), deliveries,
 * events. Everything of a turn, or nothing. Answers the places of what is held.
 */
export const SETTLE_LUA = `${APPEND_LUA}
local r = redis.call('HMGET', KEYS[1], 'fence', 'moves')
if r[1] ~= ARGV[1] then return { 'lost' } end
if (r[2] or '0') ~= ARGV[2] then return { 'moved' } end
local at = 10
local function each(width, deed)
  local count = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, count do
    deed(ARGV[at], ARGV[at + 1], ARGV[at + 2])
    at = at + width
  end
end
local answer = { 'settled' }
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'cursor', ARGV[3]) end
redis.call('HSET', KEYS[1], 'health', ARGV[4])
each(3, function(conversation, id, json)
  answer[#answer + 1] = redis.call('XADD', KEYS[2], '*', 'k', conversation, 'i', id, 'e', json)
end)
each(1, function(place) redis.call('XDEL', KEYS[2], place) end)
each(2, function(conversation, json)
  if json == '' then redis.call('HDEL', KEYS[3], conversation) else redis.call('HSET', KEYS[3], conversation, json) end
end)
each(1, function(json) redis.call('LPUSH', KEYS[4], json) end)
redis.call('LTRIM', KEYS[4], 0, ARGV[9] - 1)
each(1, function(json) append(KEYS[6], KEYS[7], ARGV[7], ARGV[8], json) end)
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'state', 'disabled', 'error', ARGV[5])
  redis.call('SREM', KEYS[5], ARGV[6])
end
return answer
`;
