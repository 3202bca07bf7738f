-- Counts bytes that an app stores for a limited time. A name may be counted again to extend the time.
-- USES: counts keptBytes
-- INCLUDE: app-bytes clock

-- Subtracts bytes whose time is over.
local function releaseExpired()
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', keptBytes, '-inf', clock(), 'LIMIT', 0, 100)) do
    local name, bytes = string.match(entry, '^(.*)|(%d*)$')
    -- A sum of many records, see `keepSum`.
    if bytes == '' then
      bytes = redis.call('HGET', counts .. ':kept', name)
      redis.call('HDEL', counts .. ':kept', name)
    end
    addBytes(-tonumber(bytes or '0'))
    redis.call('ZREM', keptBytes, entry)
  end
end

-- Counts bytes under a name for so many seconds.
local function keepBytes(name, bytes, seconds)
  local entry = name .. '|' .. string.format('%d', bytes)
  if redis.call('ZADD', keptBytes, clock() + seconds * 1000, entry) == 1 then addBytes(tonumber(bytes)) end
end

-- Counts bytes of one of many records that are kept for so many seconds. They are summed by a 24th of that time, and the
-- sum is written once, at the end.
local function keepSum(bytes, seconds)
  addBytes(bytes)
  local id = 'kept ' .. counts .. ' ' .. seconds
  if not memo[id] then
    memo[id] = 0
    local part = math.ceil(seconds * 1000 / 24)
    local index = math.floor(clock() / part)
    local name = string.format('records %d %d', seconds, index)
    local sums, expiries = counts .. ':kept', keptBytes
    atEnd[#atEnd + 1] = function()
      redis.call('HINCRBY', sums, name, string.format('%d', memo[id]))
      redis.call('ZADD', expiries, 'NX', (index + 1) * part + seconds * 1000, name .. '|')
    end
  end
  memo[id] = memo[id] + bytes
end
