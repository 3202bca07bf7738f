-- USES: laneFence fence

-- Returns whether the caller's claim of the lane's head is the last one: the head's record has its fence. Earlier versions keep
-- the fence with the lane. Where one of these has claimed the lane since, that is another.
local function isCurrent(recordFence)
  if recordFence ~= fence then return false end
  local ofLane = redis.call('GET', laneFence)
  return not ofLane or ofLane == fence
end
