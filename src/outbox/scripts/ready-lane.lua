-- Puts a lane into its ready list whose retry is due, or that an older version's job names.
-- KEYS: lane ready busy drainer retries counts
-- ARGV: laneId
-- RETURNS: outstanding lanes where a drainer must be woken, else 0
-- INCLUDE: counters ./shared/mark-ready
redis.call('ZREM', retries, laneId)
if redis.call('EXISTS', lane) == 0 or redis.call('SISMEMBER', busy, laneId) == 1 then return 0 end
local outstandingLanes = math.max(countersOf(counts).lanes, 1)
markReady(ready, laneId, outstandingLanes)
return isDrained(drainer) and 0 or outstandingLanes
