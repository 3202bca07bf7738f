-- Ends a subscription. The last one deletes the topic, or leaves it to a worker: a poll may be under way, and remote
-- state (a subscription at the network) must be undone first.
-- KEYS: due record subscribers
-- ARGV: id member
-- INCLUDE: ./schedule-soon
redis.call('SREM', subscribers, member)
if redis.call('EXISTS', subscribers) == 1 or redis.call('EXISTS', record) == 0 then return end
local now = clock()
local fields = redis.call('HMGET', record, 'keeps', 'busy')
local hasRemoteState, busyUntil = fields[1] == '1', tonumber(fields[2] or '0')
if hasRemoteState or busyUntil > now then
  scheduleSoon(now, now)
else
  redis.call('DEL', record)
  redis.call('ZREM', due, id)
end
