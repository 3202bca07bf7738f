-- Looks after everything of one tag that waits: due activities and retries make their lanes ready, lanes without progress
-- are made ready again, and activities whose lifetime ended are reported. One call covers all apps of the tag, so names of
-- keys are made of prefixes (all lie in the tag's slot).
-- KEYS: lanes due deadlines retries
-- ARGV: recordPrefix lanePrefix fencePrefix countsPrefix readyPrefix busyPrefix drainerPrefix patienceMs batch parts
-- RETURNS: a lane of each drain shard that needs a drainer, members whose lifetime ended, how many activities have no result yet
-- INCLUDE: clock counters ./shared/mark-ready ./shared/read-record

-- Most sweeps find a tag without any activity.
if redis.call('EXISTS', lanes, due, deadlines) == 0 then return { {}, {}, 0 } end

local now = clock()
local wakes, isWoken = {}, {}

-- The drain shard of a lane, as model/lane.ts makes it.
local function drainOf(laneId)
  local _, platform, hash, shard = string.match(laneId, '^([^|]*)|([^|]*)|([^|]*)|?(.*)$')
  local queue = shard == '' and platform or ('held.' .. shard)
  return queue .. ':' .. (string.byte(hash) % tonumber(parts))
end

local function wakeLane(laneId)
  local drain = drainOf(laneId)
  local app = string.match(laneId, '^([^|]*)|')
  if redis.call('SISMEMBER', busyPrefix .. drain, laneId) == 0 then
    markReady(readyPrefix .. drain, laneId, countersOf(countsPrefix .. app).lanes)
  end
  if not isWoken[drain] and not isDrained(drainerPrefix .. drain) then
    isWoken[drain] = true
    wakes[#wakes + 1] = laneId
  end
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, batch)) do
  local app, rid = string.match(member, '^([^|]*)|(.*)$')
  local record = recordPrefix .. app .. ':' .. rid
  local status, lane = unpack(readRecord(record, 'status', 'lane') or {})
  redis.call('ZREM', due, member)
  if status == 'scheduled' then
    redis.call('HSET', record, 'status', 'queued')
    if redis.call('RPUSH', lanePrefix .. lane, rid) == 1 and redis.call('ZADD', lanes, now, lane) == 1 then
      count(countsPrefix .. app, 'lanes', 1)
      wakeLane(lane)
    end
  end
end

for _, lane in ipairs(redis.call('ZRANGEBYSCORE', retries, '-inf', now, 'LIMIT', 0, batch)) do
  redis.call('ZREM', retries, lane)
  wakeLane(lane)
end

for _, lane in ipairs(redis.call('ZRANGEBYSCORE', lanes, '-inf', now - patienceMs, 'LIMIT', 0, batch)) do
  redis.call('ZADD', lanes, now, lane)
  wakeLane(lane)
end

local late = redis.call('ZRANGEBYSCORE', deadlines, '-inf', now, 'LIMIT', 0, batch)
return { wakes, late, redis.call('ZCARD', deadlines) }
