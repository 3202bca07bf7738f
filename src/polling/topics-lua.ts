/** Now in Unix ms, and a topic made due at a time: at once where nobody polls it, else when that poll ends. */
const SOON_LUA = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function soon(due, topic, id, at)
  local sooner = tonumber(redis.call('HGET', topic, 'hasten') or '')
  if sooner and sooner < at then at = sooner end
  redis.call('HSET', topic, 'hasten', at)
  if tonumber(redis.call('HGET', topic, 'busy') or '0') <= now then redis.call('ZADD', due, 'XX', 'LT', at, id) end
end
`;

/** KEYS: due topic followers; ARGV: id member platform topic */
export const FOLLOW_LUA = `
redis.call('SADD', KEYS[3], ARGV[2])
redis.call('HSET', KEYS[2], 'platform', ARGV[3], 'topic', ARGV[4])
local t = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'NX', t[1] * 1000, ARGV[1])
`;

/** KEYS: due topic followers; ARGV: id member. What is being polled, or keeps something elsewhere, waits for a worker. */
export const LEAVE_LUA = `${SOON_LUA}
redis.call('SREM', KEYS[3], ARGV[2])
if redis.call('EXISTS', KEYS[3]) == 1 or redis.call('EXISTS', KEYS[2]) == 0 then return end
local r = redis.call('HMGET', KEYS[2], 'keeps', 'busy')
if r[1] == '1' or tonumber(r[2] or '0') > now then
  soon(KEYS[1], KEYS[2], ARGV[1], now)
else
  redis.call('DEL', KEYS[2])
  redis.call('ZREM', KEYS[1], ARGV[1])
end
`;

/** KEYS: due; ARGV: prefix of topics, of followers, most, lease. Answers `TAKEN` words for each. */
export const TAKE_LUA = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])) do
  local key = ARGV[1] .. id
  local r = redis.call('HMGET', key, 'platform', 'topic', 'state', 'fails', 'note', 'hasten', 'keeps')
  if r[1] then
    redis.call('ZADD', KEYS[1], now + ARGV[4], id)
    redis.call('HSET', key, 'busy', now + ARGV[4])
    redis.call('HDEL', key, 'hasten')
    local claim = tostring(redis.call('HINCRBY', key, 'claim', 1))
    local followed = tostring(redis.call('EXISTS', ARGV[2] .. id))
    for _, word in ipairs({ id, r[1], r[2], r[3] or '', r[4] or '0', claim, r[5] or '', r[6] and '1' or '0', r[7] or '0', followed }) do
      taken[#taken + 1] = word
    end
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return taken
`;
/** How many words `TAKE_LUA` answers for each topic: id platform topic state fails claim note hastened keeps followed. */
export const TAKEN = 10;

/** KEYS: due topic; ARGV: id claim nextMs fails error [state] */
export const FINISH_LUA = `
if redis.call('HGET', KEYS[2], 'claim') ~= ARGV[2] then return end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local at = now + ARGV[3]
local hasten = tonumber(redis.call('HGET', KEYS[2], 'hasten') or '')
if hasten and hasten < at then at = hasten end
redis.call('ZADD', KEYS[1], 'XX', at, ARGV[1])
redis.call('HDEL', KEYS[2], 'busy')
redis.call('HSET', KEYS[2], 'fails', ARGV[4], 'error', ARGV[5], 'polled', now)
if ARGV[6] then redis.call('HSET', KEYS[2], 'state', ARGV[6]) end
`;

/** KEYS: due topic; ARGV: id spaceMs. Many in a row become one in each space of time. */
export const HASTEN_LUA = `${SOON_LUA}
if redis.call('EXISTS', KEYS[2]) == 0 then return end
local at = tonumber(redis.call('HGET', KEYS[2], 'pushed') or '0')
if at <= now then at = math.max(now, at + ARGV[2]) end
redis.call('HSET', KEYS[2], 'pushed', at)
soon(KEYS[1], KEYS[2], ARGV[1], at)
`;

/** KEYS: topic; ARGV: field value; only of a topic that there is. */
export const MARK_LUA = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
`;

/** KEYS: due topic followers; ARGV: id claim. Whoever came meanwhile keeps it alive. */
export const DROP_LUA = `
if redis.call('HGET', KEYS[2], 'claim') ~= ARGV[2] then return end
if redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('HDEL', KEYS[2], 'state', 'keeps', 'note', 'busy')
  local t = redis.call('TIME')
  redis.call('ZADD', KEYS[1], t[1] * 1000, ARGV[1])
  return
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
`;
