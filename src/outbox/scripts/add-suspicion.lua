-- Raises the suspicion on record against an item under way, or lowers it, though never below none.
-- KEYS: record laneFence
-- ARGV: fence change
-- RETURNS: 'recorded', or 'lost' when another worker has the lane
-- INCLUDE: ./shared/read-record
local status, suspicion = unpack(readRecord(record, 'status', 'suspicion') or {})
if redis.call('GET', laneFence) ~= fence or not status then return 'lost' end
redis.call('HSET', record, 'suspicion', math.max(0, tonumber(suspicion or '0') + tonumber(change)))
return 'recorded'
