-- USES: lane recordPrefix fence
-- INCLUDE: ./read-record

-- Returns whether another worker has claimed the lane since the caller's item was ended by others. That item is the head no
-- longer, and its record still has the caller's fence.
local function isTakenOver()
  local head = redis.call('LINDEX', lane, 0)
  local ofHead = head and (readRecord(recordPrefix .. head, 'fence') or {})[1]
  return ofHead and ofHead ~= fence
end
