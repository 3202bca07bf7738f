-- Releases a lease that is still the caller's.
-- KEYS: lease
-- ARGV: fence
-- RETURNS: 1 when released, else 0
if redis.call('GET', lease) == fence then return redis.call('DEL', lease) end
return 0
