-- Writes one field of a topic that still exists.
-- KEYS: record
-- ARGV: field value
if redis.call('EXISTS', record) == 1 then redis.call('HSET', record, field, value) end
