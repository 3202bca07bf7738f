-- Takes a lane from its drainer, which does not carry it on: it yields, lost the lane's head, or failed. A lane that was
-- claimed anew since is left alone.
-- KEYS: lane laneFence lanes ready busy retries counts recordPrefix
-- ARGV: laneId fence delayMs
-- RETURNS: nothing
-- INCLUDE: clock ./shared/leave-lane ./shared/mark-ready ./shared/return-claim
local current = redis.call('GET', laneFence)
if current and current ~= fence then return end
redis.call('SREM', busy, laneId)
if redis.call('EXISTS', lane) == 0 then return leaveLane(laneFence, counts, laneId) end
returnClaim(lane, recordPrefix)
if delayMs == '0' then return markReady(ready, laneId, countersOf(counts).lanes) end
redis.call('ZADD', retries, clock() + tonumber(delayMs), laneId)
