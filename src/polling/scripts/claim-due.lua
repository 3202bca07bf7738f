-- Leases due topics to the calling worker. Keys of topics lie in the slot of `due`; the prefixes are completed by an id.
-- `running` holds pairs: an app and its polls under way. Topics of apps that use up their share are due again later, so
-- that they don't stand before those of others.
-- KEYS: due
-- ARGV: recordPrefix subscribersPrefix maxTopics leaseMs maxPerApp running...
-- RETURNS: nothing where there is no topic; else per topic id, platform, topic, state or '', failures, claim, hint or '', app or '', triggered, remote state
-- INCLUDE: clock
-- Most gateways follow few feeds, or none.
if redis.call('EXISTS', due) == 0 then return false end

local SHARE_RETRY_MS, SCANNED = 5000, 200
local now = clock()
local counts = {}
for i = 1, #running, 2 do counts[running[i]] = tonumber(running[i + 1]) end

-- Returns the app whose share the poll of a topic uses, '' without subscribers; nothing when the share is used up.
local function appWithRoom(id)
  local member = redis.call('SRANDMEMBER', subscribersPrefix .. id)
  if not member then return '' end
  local app = string.match(member, '^([^|]*)|')
  if (counts[app] or 0) >= tonumber(maxPerApp) then return nil end
  counts[app] = (counts[app] or 0) + 1
  return app
end

local function lease(id, record, app)
  local fields = redis.call('HMGET', record, 'platform', 'topic', 'state', 'fails', 'note', 'hasten', 'keeps')
  local platform, topic, state, failures, hint, triggeredAt, hasRemoteState = unpack(fields)
  redis.call('ZADD', due, now + leaseMs, id)
  redis.call('HSET', record, 'busy', now + leaseMs)
  redis.call('HDEL', record, 'hasten')
  local claim = tostring(redis.call('HINCRBY', record, 'claim', 1))
  local triggered = triggeredAt and '1' or '0'
  return {
    id, platform, topic, state or '', failures or '0', claim, hint or '', app, triggered, hasRemoteState or '0',
  }
end

local claimed = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, SCANNED)) do
  if #claimed >= tonumber(maxTopics) then break end
  local record = recordPrefix .. id
  local app = appWithRoom(id)
  if redis.call('HEXISTS', record, 'platform') == 0 then
    redis.call('ZREM', due, id)
  elseif app then
    claimed[#claimed + 1] = lease(id, record, app)
  else
    redis.call('ZADD', due, now + SHARE_RETRY_MS, id)
  end
end
return claimed
