-- Reads a hash and deletes it, so that nothing is used twice.
-- KEYS: record
-- RETURNS: its fields and values
local fields = redis.call('HGETALL', record)
redis.call('DEL', record)
return fields
