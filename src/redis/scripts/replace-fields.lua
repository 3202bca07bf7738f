-- Writes fields of a hash while one field still has the expected value (compare and set).
-- KEYS: record
-- ARGV: field expected fields...
-- RETURNS: 1 when written, else 0
if redis.call('HGET', record, field) ~= expected then return 0 end
redis.call('HSET', record, unpack(fields))
return 1
