-- Takes a lane from its drainer, which does not carry it on: it yields, lost the lane's head, or failed. A lane that was
-- claimed anew since is left alone.
-- KEYS: lane laneFence lanes ready busy retries counts recordPrefix
-- ARGV: laneId fence delayMs
-- RETURNS: nothing
-- INCLUDE: clock ./shared/leave-lane ./shared/mark-ready ./shared/read-record
local head = redis.call('LINDEX', lane, 0)
local ofHead = head and (readRecord(recordPrefix .. head, 'fence') or {})[1]
if ofHead and ofHead ~= fence then return end
local ofLane = redis.call('GET', laneFence)
if ofLane and ofLane ~= fence then return end
redis.call('SREM', busy, laneId)
if not head then return leaveLane(laneFence, counts, laneId) end
-- Gives the claim back: its worker lives.
if ofHead then redis.call('HDEL', recordPrefix .. head, 'fence') end
if delayMs == '0' then return markReady(ready, laneId, countersOf(counts).lanes) end
redis.call('ZADD', retries, clock() + tonumber(delayMs), laneId)
