-- USES: lanes
-- INCLUDE: counters

-- Forgets a lane that holds nothing any more.
local function leaveLane(laneFence, counts, laneId)
  redis.call('DEL', laneFence)
  if redis.call('ZREM', lanes, laneId) == 1 then count(counts, 'lanes', -1) end
end
