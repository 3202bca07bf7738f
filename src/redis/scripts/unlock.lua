-- Releases a lock that is still the caller's.
-- KEYS: lock
-- ARGV: holder
-- RETURNS: 1 when released, else 0
if redis.call('GET', lock) == holder then return redis.call('DEL', lock) end
return 0
