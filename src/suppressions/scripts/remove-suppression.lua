-- Removes an address from an app's suppression list.
-- KEYS: suppressions order automatic
-- ARGV: id
-- RETURNS: 1, or 0 where it was not listed
local stored = redis.call('HGET', suppressions, id)
if not stored then return 0 end
local place = string.format('%.0f', cjson.decode(stored).since) .. '.' .. id
redis.call('ZREM', order, place)
redis.call('ZREM', automatic, place)
return redis.call('HDEL', suppressions, id)
