-- Makes a worker the only drainer of a shard. Lanes that an earlier drainer left behind become ready, before all others.
-- KEYS: ready busy drainer
-- ARGV: token drainerMs
-- RETURNS: how many lanes were left behind
local left = redis.call('SMEMBERS', busy)
for _, laneId in ipairs(left) do redis.call('ZADD', ready, 0, laneId) end
redis.call('DEL', busy)
redis.call('SET', drainer, token, 'PX', drainerMs)
return #left
