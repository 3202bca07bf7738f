-- Stores the outcome of a poll and makes the topic due again, unless another worker has claimed the topic since.
-- KEYS: due record
-- ARGV: id claim nextMs failures pollError state...
-- INCLUDE: clock
if redis.call('HGET', record, 'claim') ~= claim then return end
local now = clock()
local time = now + nextMs
local triggeredAt = tonumber(redis.call('HGET', record, 'hasten') or '')
if triggeredAt and triggeredAt < time then time = triggeredAt end
redis.call('ZADD', due, 'XX', time, id)
redis.call('HDEL', record, 'busy')
redis.call('HSET', record, 'fails', failures, 'error', pollError, 'polled', now)
if #state > 0 then redis.call('HSET', record, 'state', unpack(state)) end
