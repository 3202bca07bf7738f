-- Removes the deadline of an activity whose record is gone.
-- KEYS: record due deadlines
-- ARGV: member
-- RETURNS: nothing
if redis.call('EXISTS', record) == 1 then return end
redis.call('ZREM', deadlines, member)
redis.call('ZREM', due, member)
