-- Raises the suspicion on record against an item under way, or lowers it, though never below none.
-- KEYS: record laneFence
-- ARGV: fence change
-- RETURNS: 'recorded', or 'lost' when another worker has the lane
-- INCLUDE: ./shared/is-current ./shared/read-record
local suspicion, recordFence = unpack(readRecord(record, 'suspicion', 'fence') or {})
if not isCurrent(recordFence) then return 'lost' end
redis.call('HSET', record, 'suspicion', math.max(0, tonumber(suspicion or '0') + tonumber(change)))
return 'recorded'
