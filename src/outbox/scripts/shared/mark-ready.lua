-- INCLUDE: clock later

-- Puts a lane into the ready list of its drain shard and tells the drainer, also where the list held lanes: these may be
-- of apps without a share. The more lanes an app has outstanding, the later; steps are powers of two, so that lanes of an
-- app keep their order.
local function markReady(ready, laneId, outstandingLanes)
  local toldId = 'told ' .. ready
  if not memo[toldId] then
    memo[toldId] = true
    redis.call('PUBLISH', ready, '')
  end
  local priority = outstandingLanes <= 1 and 0 or math.ceil(math.log(outstandingLanes) / math.log(2))
  later('ZADD NX', ready, clockText(priority * 4398046511104), laneId)
end

-- Returns whether a drainer shows signs of life: otherwise one must be woken.
local function isDrained(drainer)
  local memoId = 'drainer ' .. drainer
  if memo[memoId] == nil then memo[memoId] = redis.call('EXISTS', drainer) == 1 end
  return memo[memoId]
end
