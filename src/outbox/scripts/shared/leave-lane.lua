-- USES: lanes
-- INCLUDE: counters

-- Forgets a lane that holds nothing any more; those that a group of calls leaves together. Only earlier versions give a
-- lane a fence of its own.
local function leaveLane(laneFence, counts, laneId)
  local id = 'leave ' .. counts
  local left = memo[id]
  if not left then
    left = { fences = { 'DEL' }, lanes = { 'ZREM', lanes } }
    memo[id] = left
    -- Before the counters are written.
    table.insert(atEnd, 1, function()
      redis.call(unpack(left.fences))
      local removed = redis.call(unpack(left.lanes))
      if removed > 0 then count(counts, 'lanes', -removed) end
    end)
  end
  left.fences[#left.fences + 1] = laneFence
  left.lanes[#left.lanes + 1] = laneId
end
