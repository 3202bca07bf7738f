-- Counts the unfinished activities and their bytes of each user of an app's tokens, beside the app's own counts.
-- USES: counts

local function tokenShareOf(user)
  local stored = redis.call('HMGET', counts .. ':tokens', user .. ' activities', user .. ' bytes')
  return tonumber(stored[1] or '0'), tonumber(stored[2] or '0')
end

-- Adds to a user's counts; negative numbers subtract. A user without unfinished activities is forgotten.
local function addToTokenShare(user, activities, bytes)
  local key = counts .. ':tokens'
  if redis.call('HINCRBY', key, user .. ' activities', activities) > 0 then
    redis.call('HINCRBY', key, user .. ' bytes', bytes)
  else
    redis.call('HDEL', key, user .. ' activities', user .. ' bytes')
  end
end
