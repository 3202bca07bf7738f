-- Claims a lane's head under a new fence.
-- KEYS: lane laneFence lanes counts fences recordPrefix
-- ARGV: laneId leaseMs
-- RETURNS: the lane's state, see shared/claim-head.lua
-- INCLUDE: ./shared/claim-head
if redis.call('EXISTS', lane) == 0 then
  leaveLane()
  return { 'empty' }
end
local fence = tostring(redis.call('INCR', fences))
redis.call('SET', laneFence, fence)
return claimHead(fence)
