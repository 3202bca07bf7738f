-- USES: history rid maxHistory
-- INCLUDE: later

-- Adds an accepted activity to its app's history; the oldest make room, once for a group of calls.
local function addToHistory(now)
  if maxHistory == '0' then return end
  later('ZADD', history, now, rid)
  local memoId = 'history ' .. history
  if memo[memoId] then return end
  memo[memoId] = true
  local key, kept = history, maxHistory
  atEnd[#atEnd + 1] = function() redis.call('ZREMRANGEBYRANK', key, 0, -1 - kept) end
end
