-- Leases due topics to the calling worker. Keys of topics lie in the slot of `due`; the prefixes are completed by an id.
-- KEYS: due
-- ARGV: recordPrefix subscribersPrefix maxTopics leaseMs
-- RETURNS: per topic id, platform, topic, state or '', failures, claim, hint or '', triggered, remote state, subscribed
-- INCLUDE: clock
local now = clock()
local claimed = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, maxTopics)) do
  local record = recordPrefix .. id
  local fields = redis.call('HMGET', record, 'platform', 'topic', 'state', 'fails', 'note', 'hasten', 'keeps')
  local platform, topic, state, failures, hint, triggeredAt, hasRemoteState = unpack(fields)
  if platform then
    redis.call('ZADD', due, now + leaseMs, id)
    redis.call('HSET', record, 'busy', now + leaseMs)
    redis.call('HDEL', record, 'hasten')
    local claim = tostring(redis.call('HINCRBY', record, 'claim', 1))
    claimed[#claimed + 1] = {
      id,
      platform,
      topic,
      state or '',
      failures or '0',
      claim,
      hint or '',
      triggeredAt and '1' or '0',
      hasRemoteState or '0',
      tostring(redis.call('EXISTS', subscribersPrefix .. id)),
    }
  else
    redis.call('ZREM', due, id)
  end
end
return claimed
