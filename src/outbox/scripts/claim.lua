-- Claims a lane's head under a new fence, for the drainer that has the lane.
-- KEYS: lane laneFence lanes counts fences recordPrefix retries busy
-- ARGV: laneId leaseMs
-- RETURNS: the lane's state, see shared/claim-head.lua
-- INCLUDE: ./shared/claim-head
local fence = tostring(redis.call('INCR', fences))
return claimHead(lane, laneFence, counts, recordPrefix, laneId, fence, leaseMs)
