-- USES: laneFence lanes counts laneId

-- Forgets a lane that holds nothing any more.
local function leaveLane()
  redis.call('DEL', laneFence)
  if redis.call('ZREM', lanes, laneId) == 1 then redis.call('HINCRBY', counts, 'lanes', -1) end
end
