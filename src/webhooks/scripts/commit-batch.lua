-- Writes all changes of one batch, or none. `lists` holds five lists, each after its length: added events (conversation,
-- id, json), ids of finished entries, retry states (conversation, json or '' to delete), deliveries, events for the log.
-- KEYS: webhook pending retries deliveries enabled counts log epoch
-- ARGV: fence replayGeneration cursor health disableError member maxDeliveries nextEpoch eventsKept lists...
-- RETURNS: 'committed' and the ids of added entries; 'lost' by lease; 'replayed' meanwhile
-- INCLUDE: append ./shared/pending-bytes
local record = redis.call('HMGET', webhook, 'fence', 'moves')
if record[1] ~= fence then return { 'lost' } end
if (record[2] or '0') ~= replayGeneration then return { 'replayed' } end

local position = 1
local function forEach(width, action)
  local count = tonumber(lists[position])
  position = position + 1
  for _ = 1, count do
    action(lists[position], lists[position + 1], lists[position + 2])
    position = position + width
  end
end

local reply = { 'committed' }
if cursor ~= '' then redis.call('HSET', webhook, 'cursor', cursor) end
redis.call('HSET', webhook, 'health', health)
local bytes = 0
forEach(3, function(conversation, id, json)
  reply[#reply + 1] = redis.call('XADD', pending, '*', 'k', conversation, 'i', id, 'e', json)
  bytes = bytes + #json
end)
forEach(1, function(entryId)
  local entry = redis.call('XRANGE', pending, entryId, entryId)[1]
  if entry then bytes = bytes - #entry[2][6] end
  redis.call('XDEL', pending, entryId)
end)
addPendingBytes(bytes)
forEach(2, function(conversation, json)
  if json == '' then
    redis.call('HDEL', retries, conversation)
  else
    redis.call('HSET', retries, conversation, json)
  end
end)
forEach(1, function(json) redis.call('LPUSH', deliveries, json) end)
redis.call('LTRIM', deliveries, 0, maxDeliveries - 1)
forEach(1, append)
if disableError ~= '' then
  redis.call('HSET', webhook, 'state', 'disabled', 'error', disableError)
  redis.call('SREM', enabled, member)
end
return reply
