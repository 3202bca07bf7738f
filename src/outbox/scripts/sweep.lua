-- Looks after everything of one tag that waits: due activities join their lanes, lanes without progress are reported, and
-- so are activities whose lifetime ended. One call covers all apps of the tag, so names of keys are made of prefixes (all
-- lie in the tag's slot).
-- KEYS: lanes due deadlines
-- ARGV: recordPrefix lanePrefix countsPrefix patienceMs batch
-- RETURNS: lanes to wake, members whose lifetime ended, how many activities have no result yet
-- INCLUDE: clock

-- Most sweeps find a tag without any activity.
if redis.call('EXISTS', lanes, due, deadlines) == 0 then return { {}, {}, 0 } end

local now = clock()
local wakes = {}

for _, member in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, batch)) do
  local app, rid = string.match(member, '^([^|]*)|(.*)$')
  local record = recordPrefix .. app .. ':' .. rid
  local status, lane = unpack(redis.call('HMGET', record, 'status', 'lane'))
  redis.call('ZREM', due, member)
  if status == 'scheduled' then
    redis.call('HSET', record, 'status', 'queued')
    if redis.call('RPUSH', lanePrefix .. lane, rid) == 1 then
      redis.call('ZADD', lanes, now, lane)
      redis.call('HINCRBY', countsPrefix .. app, 'lanes', 1)
      wakes[#wakes + 1] = lane
    end
  end
end

for _, lane in ipairs(redis.call('ZRANGEBYSCORE', lanes, '-inf', now - patienceMs, 'LIMIT', 0, batch)) do
  redis.call('ZADD', lanes, now, lane)
  wakes[#wakes + 1] = lane
end

local late = redis.call('ZRANGEBYSCORE', deadlines, '-inf', now, 'LIMIT', 0, batch)
return { wakes, late, redis.call('ZCARD', deadlines) }
