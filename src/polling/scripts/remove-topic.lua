-- Deletes a topic without subscribers. A topic subscribed to meanwhile is due at once, from the beginning.
-- KEYS: due record subscribers
-- ARGV: id claim
-- INCLUDE: clock
if redis.call('HGET', record, 'claim') ~= claim then return end
if redis.call('EXISTS', subscribers) == 1 then
  redis.call('HDEL', record, 'state', 'keeps', 'note', 'busy')
  redis.call('ZADD', due, clock(), id)
  return
end
redis.call('ZREM', due, id)
redis.call('DEL', record)
